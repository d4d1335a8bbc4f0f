#include "relay.h"

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.h"
#include "wire.h"

static void pass(int from, int to) {
	static uint8_t data[65536];
	ssize_t n = read(from, data, sizeof data);
	/* Either end's close ends the relay, and with it the connection. */
	if (n <= 0 || !write_all(to, data, (size_t)n)) _exit(0);
}

_Noreturn void relay_run(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) _exit(72);
	struct pollfd ends[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	while (poll(ends, 2, -1) >= 0) {
		if (ends[0].revents) pass(STDIN_FILENO, fd);
		if (ends[1].revents) pass(fd, STDOUT_FILENO);
	}
	_exit(0);
}
