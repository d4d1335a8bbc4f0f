/* What a guard sees of the network that it stands in:
 *   look host                       the addresses of all interfaces, and the kernel's table of IPv4 routes
 *   look prove WAY [ADDRESS PORT]…  all that a proof is made of, in one program since starting one takes milliseconds:
 *     opens a way to everywhere by the interface that has the address WAY, after all others, unless that is `-`: `way errno`
 *     the addresses of all interfaces
 *     tries TCP, a line each: `canary ADDRESS PORT errno`, 0 where it got through
 *     becomes `nft`, which prints the table that is ours
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/route.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 1000, METRIC = 4096 };

/* What connecting comes to; ETIMEDOUT after a second, since what is refused is told at once. */
static int try_connect(const char *address, const char *port) {
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) return EINVAL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	if (fd < 0) return errno;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) error = errno;
	if (error == EINPROGRESS) {
		struct pollfd ready = {.fd = fd, .events = POLLOUT};
		socklen_t size = sizeof error;
		if (poll(&ready, 1, CONNECT_MS) != 1) error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
	}
	close(fd);
	return error;
}

static int print_addresses(void) {
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0) return -1;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		if (!i->ifa_addr) continue;
		int family = i->ifa_addr->sa_family;
		if (family != AF_INET && family != AF_INET6) continue;
		const void *address = family == AF_INET ? (void *)&((struct sockaddr_in *)i->ifa_addr)->sin_addr
		                                        : (void *)&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
		printf("address %s\n", inet_ntop(family, address, text, sizeof text));
	}
	freeifaddrs(all);
	return 0;
}

static int print_routes(void) {
	char line[512], device[64];
	unsigned destination, mask;
	FILE *routes = fopen("/proc/net/route", "re");
	if (!routes) return -1;
	while (fgets(line, sizeof line, routes)) {
		if (sscanf(line, "%63s %x %*x %*x %*d %*d %*d %x", device, &destination, &mask) != 3) continue;
		printf("route %s/%d %s\n", inet_ntoa((struct in_addr){destination}), __builtin_popcount(mask), device);
	}
	return fclose(routes);
}

/* Newer engines give internal networks no default route: the kernel would then refuse before any rule is asked, and no
 * rule could tell what was refused. Nothing answers on this way, and the rules come first. */
static int add_route(const char *address) {
	struct rtentry route = {.rt_flags = RTF_UP, .rt_metric = METRIC + 1};
	struct sockaddr_in any = {.sin_family = AF_INET};
	struct in_addr wanted;
	struct ifaddrs *all;
	memcpy(&route.rt_dst, &any, sizeof any);
	memcpy(&route.rt_genmask, &any, sizeof any);
	if (inet_pton(AF_INET, address, &wanted) != 1 || getifaddrs(&all) != 0) return EINVAL;
	for (struct ifaddrs *i = all; i && !route.rt_dev; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
		    ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == wanted.s_addr)
			route.rt_dev = i->ifa_name;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = !route.rt_dev ? ENODEV : fd < 0 || ioctl(fd, SIOCADDRT, &route) != 0 ? errno : 0;
	if (fd >= 0) close(fd);
	freeifaddrs(all);
	return error == EEXIST ? 0 : error;
}

static int prove(const char *way, char **canaries) {
	if (strcmp(way, "-") != 0) printf("way %d\n", add_route(way));
	if (print_addresses() != 0) return 1;
	for (char **i = canaries; *i; i += 2) printf("canary %s %s %d\n", i[0], i[1], try_connect(i[0], i[1]));
	if (fflush(stdout) != 0) return 1;
	execl("/usr/sbin/nft", "nft", "-j", "list", "table", "inet", "paracle", (char *)NULL);
	perror("nft");
	return 1;
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "host") == 0) return print_addresses() != 0 || print_routes() != 0;
	if (argc >= 3 && argc % 2 == 1 && strcmp(argv[1], "prove") == 0) return prove(argv[2], argv + 3);
	return 64;
}
