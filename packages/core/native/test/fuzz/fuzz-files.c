/* The file service, as nobody in a directory of its own: requests are the input after its first byte,
 * which says whether the service is privileged. */
#include "files.c"

#include <fts.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "fuzz.h"

enum { NOBODY = 65534 };

static int root = -1, requests = -1, first;
static bool was_root;

static void require(bool condition, const char *what) {
	if (condition) return;
	perror(what);
	exit(2);
}

void fuzz_begin(const char *directory) {
	was_root = geteuid() == 0;
	if (!was_root) require(unshare(CLONE_NEWUSER) == 0, "unshare (user namespaces must be allowed, or run as root)");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	requests = memfd_create("requests", MFD_CLOEXEC);
	require(dup2(requests, 0) == 0 && dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1) == 1, "dup2");
	require(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20}) == 0, "setrlimit");
	require(chroot(directory) == 0 && chdir("/") == 0, "chroot");
	require(!was_root || (setegid(NOBODY) == 0 && seteuid(NOBODY) == 0), "seteuid");
	first = dup(0);
	close(first);
}

/* Leaks are looked for in /proc. */
void fuzz_end(void) {
	require(!was_root || (seteuid(0) == 0 && setegid(0) == 0), "seteuid");
	require(fchdir(root) == 0 && chroot(".") == 0 && prctl(PR_SET_DUMPABLE, 1) == 0, "chroot");
}

static void clear_tree(void) {
	char *paths[] = {"/", NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (entry->fts_level == 0) continue;
		if (entry->fts_info == FTS_D) chmod(entry->fts_path, 0700);
		else if (entry->fts_info == FTS_DP) rmdir(entry->fts_path);
		else unlink(entry->fts_path);
	}
	fts_close(tree);
}

static void make_tree(void) {
	static const char digest[] = "/.paracle/store/objects/2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
	mkdir("/.paracle", 0755);
	mkdir("/.paracle/store", 0700);
	mkdir("/.paracle/store/objects", 0700);
	mkdir("/d", 0755);
	mkdir("/d/e", 0755);
	require(symlink("../f", "/d/link") == 0, "symlink");
	const char *files[] = {"/f", "/d/e/x", digest};
	for (int i = 0; i < 3; i++) {
		int fd = open(files[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		require(fd >= 0 && write_all(fd, "x", 1), files[i]);
		close(fd);
	}
}

void fuzz_one(const uint8_t *data, size_t size) {
	if (size == 0) return;
	make_tree();
	require(ftruncate(requests, 0) == 0 && pwrite(requests, data + 1, size - 1, 0) == (ssize_t)size - 1, "requests");
	lseek(requests, 0, SEEK_SET);
	if (setjmp(fuzz_exited) == 0) files_run(data[0] & 1 ? 0 : NOBODY, NOBODY);
	/* What the end of the process would have done. */
	if (writing.fd >= 0) close(writing.fd);
	if (writing.parent >= 0) close(writing.parent);
	writing.fd = writing.parent = -1;
	buffer_free(&out);
	clear_tree();
	fuzz_check_descriptors(first);
}
