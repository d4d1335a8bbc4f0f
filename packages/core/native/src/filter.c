#include "filter.h"

#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* From linux/filter.h, linux/seccomp.h, linux/audit.h and linux/sched.h, which a musl compiler doesn't have. */
struct instruction {
	uint16_t code;
	uint8_t if_true, if_false;
	uint32_t operand;
};
struct program {
	uint16_t length;
	const struct instruction *instructions;
};
enum { LOAD = 0x20, EQUAL = 0x15, AT_LEAST = 0x35, ANY_BIT = 0x45, RETURN = 0x06 };
enum { AT_NUMBER = 0, AT_ARCHITECTURE = 4, AT_ARGUMENT = 16 };
enum { MODE_FILTER = 2 };
#define ALLOW 0x7fff0000u
#define FAIL(error) (0x00050000u | (error))
#if defined __x86_64__
#define ARCHITECTURE 0xc000003eu
#elif defined __aarch64__
#define ARCHITECTURE 0xc00000b7u
#else
#error "Which architecture is this, in the words of linux/audit.h?"
#endif
#define X32_BIT 0x40000000u
#define NEW_NAMESPACES 0x7e020080u /* CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
#define TYPE_INTO_TERMINAL 0x5412u /* TIOCSTI */
#define PASTE_INTO_CONSOLE 0x541cu /* TIOCLINUX */
#define SET_LINE_DISCIPLINE 0x5423u /* TIOCSETD: the kernel would load old drivers for it */

/* Keyrings aren't kept apart by namespaces; the rest is where most escapes of the last years began. */
static const struct {
	uint32_t number, error;
} forbidden[] = {
	{SYS_add_key, EPERM},        {SYS_request_key, EPERM},       {SYS_keyctl, EPERM},
	{SYS_io_uring_setup, ENOSYS}, {SYS_io_uring_enter, ENOSYS},  {SYS_io_uring_register, ENOSYS},
	{SYS_bpf, EPERM},            {SYS_perf_event_open, EPERM},   {SYS_userfaultfd, EPERM},
	{SYS_setns, EPERM},          {SYS_clone3, ENOSYS}, /* its flags are out of a filter's sight; libraries go back to clone */
};

static struct instruction rules[96];
static uint16_t length;

static void add(uint16_t code, uint32_t operand, uint8_t if_true, uint8_t if_false) {
	rules[length++] = (struct instruction){code, if_true, if_false, operand};
}

static void forbid(uint32_t number, uint32_t error) {
	add(EQUAL, number, 0, 1);
	add(RETURN, FAIL(error), 0, 0);
}

/* Of this call, what the first argument's bits say. */
static void forbid_bits(uint32_t number, uint32_t bits, uint32_t error) {
	add(EQUAL, number, 0, 4);
	add(LOAD, AT_ARGUMENT, 0, 0);
	add(ANY_BIT, bits, 0, 1);
	add(RETURN, FAIL(error), 0, 0);
	add(RETURN, ALLOW, 0, 0);
}

/* Only the address families that programs have a use for. */
static void limit_families(uint32_t number) {
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	enum { COUNT = sizeof families / sizeof *families };
	add(EQUAL, number, 0, COUNT + 3);
	add(LOAD, AT_ARGUMENT, 0, 0);
	for (uint8_t i = 0; i < COUNT; i++) add(EQUAL, families[i], (uint8_t)(COUNT - i), 0);
	add(RETURN, FAIL(EAFNOSUPPORT), 0, 0);
	add(RETURN, ALLOW, 0, 0);
}

static void forbid_ioctl(uint32_t request) {
	add(EQUAL, SYS_ioctl, 0, 4);
	add(LOAD, AT_ARGUMENT + 8, 0, 0);
	add(EQUAL, request, 0, 1);
	add(RETURN, FAIL(EPERM), 0, 0);
	add(LOAD, AT_NUMBER, 0, 0);
}

bool filter_apply(void) {
	length = 0;
	add(LOAD, AT_ARCHITECTURE, 0, 0);
	add(EQUAL, ARCHITECTURE, 1, 0);
	add(RETURN, FAIL(ENOSYS), 0, 0); /* the calls of another architecture have other numbers */
	add(LOAD, AT_NUMBER, 0, 0);
	add(AT_LEAST, X32_BIT, 0, 1);
	add(RETURN, FAIL(ENOSYS), 0, 0);
	for (unsigned i = 0; i < sizeof forbidden / sizeof *forbidden; i++) forbid(forbidden[i].number, forbidden[i].error);
	forbid_ioctl(TYPE_INTO_TERMINAL);
	forbid_ioctl(PASTE_INTO_CONSOLE);
	forbid_ioctl(SET_LINE_DISCIPLINE);
	forbid_bits(SYS_clone, NEW_NAMESPACES & ~0x80u, EPERM); /* the low byte is clone's signal */
	forbid_bits(SYS_unshare, NEW_NAMESPACES, EPERM);
	limit_families(SYS_socket);
	limit_families(SYS_socketpair);
	add(RETURN, ALLOW, 0, 0);
	struct program program = {length, rules};
	return prctl(PR_SET_SECCOMP, MODE_FILTER, &program, 0, 0) == 0;
}
