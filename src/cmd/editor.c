/* Text written in the user's editor: see editor.h. */
#include "cmd/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/written.h"

enum { EDITOR_WORDS = 32, EDITOR_BLOCK = 16 * 1024 };

static int editor_set(struct error *error, const char *what, const char *path)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_FILE, errno, "cannot %s %s", what,
			       TEXT_SHOW(span_of(path)));
}

/* A new file with what start holds. Returns its descriptor. */
static int editor_write(const struct stash *start, const char *directory, char **path,
			struct error *error)
{
	char block[EDITOR_BLOCK];
	struct span piece;
	uint64_t offset = 0;
	struct buf name;
	int fd, got;

	buf_init(&name, 4096);
	buf_printf(&name, "%s/pennypost-XXXXXX.txt", directory ? directory : "/tmp");
	*path = buf_take(&name);
	if (!*path)
		return error_set_memory(error);
	fd = mkostemps(*path, 4, O_CLOEXEC);
	if (fd < 0) {
		editor_set(error, "create", *path);
		free(*path);
		*path = NULL;
		return -1;
	}
	while ((got = stash_read(start, offset, block, sizeof(block), &piece, error)) > 0) {
		offset += piece.len;
		if (file_write_all(fd, piece.data, piece.len)) {
			got = editor_set(error, "write", *path);
			break;
		}
	}
	if (got == 0)
		return fd;
	close(fd);
	return -1;
}

/* The words of the command and the file, and a NULL. command is cut into them. */
static void editor_split(char *command, char *path, char *argv[EDITOR_WORDS + 2])
{
	size_t count = 0;
	char *word;

	while (count < EDITOR_WORDS && (word = strsep(&command, " \t")) != NULL)
		if (*word)
			argv[count++] = word;
	argv[count++] = path;
	argv[count] = NULL;
}

/* In the child: becomes the editor, on the terminal. */
static void editor_execute(char *command, char *path, int terminal)
{
	char *argv[EDITOR_WORDS + 2];

	editor_split(command, path, argv);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (dup2(terminal, STDIN_FILENO) >= 0 && dup2(terminal, STDOUT_FILENO) >= 0 &&
	    dup2(terminal, STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	_exit(127);
}

static const char *editor_command(void)
{
	const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

	if (visual && *visual)
		return visual;
	return editor && *editor ? editor : "vi";
}

/* Keys that end programs are the editor's meanwhile, and so is the terminal; one that dies
 * cannot put it back. Returns whether it ended well; *status is as of waitpid(2). */
static bool editor_await(char *words, char *path, int terminal, int *status)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt, quit;
	struct termios modes;
	bool known = tcgetattr(terminal, &modes) == 0;
	bool well;
	pid_t pid;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	pid = fork();
	if (pid == 0)
		editor_execute(words, path, terminal);
	while (pid > 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	well = pid > 0 && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
	if (!well && known)
		tcsetattr(terminal, TCSADRAIN, &modes);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return well;
}

static int editor_wait(const char *command, char *path, int terminal, struct error *error)
{
	char *words = strdup(command);
	int status = 0;
	bool well;

	if (!words)
		return error_set_memory(error);
	well = editor_await(words, path, terminal, &status);
	free(words);
	if (well)
		return 0;
	return error_set(
		error, ERROR_LOCAL, STAGE_FILE, "the editor \"%s\" %s, so nothing is sent",
		TEXT_SHOW(span_of(command)),
		WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "cannot be run" : "failed");
}

/* Whether the file at fd holds what start does. */
static bool editor_is_same(int fd, const struct stash *start, char *was, char *is)
{
	struct span piece;
	uint64_t offset = 0;
	struct error ignored;
	struct stat st;

	if (fstat(fd, &st) || (uint64_t)st.st_size != start->length)
		return false;
	while (stash_read(start, offset, was, EDITOR_BLOCK, &piece, &ignored) > 0) {
		size_t len = piece.len < EDITOR_BLOCK ? piece.len : EDITOR_BLOCK;

		if (pread(fd, is, len, (off_t)offset) != (ssize_t)len ||
		    memcmp(piece.data, is, len) != 0)
			return false;
		offset += len;
	}
	return true;
}

/* The file as the editor left it: many write a new one of the same name. */
static int editor_open(const struct stash *start, const char *path, struct error *error)
{
	char was[EDITOR_BLOCK], is[EDITOR_BLOCK];
	struct stat st;
	int fd = file_open(path, &st);

	if (fd < 0)
		return editor_set(error, "open", path);
	if (st.st_size > 0 && !editor_is_same(fd, start, was, is))
		return fd;
	close(fd);
	return error_set(error, ERROR_LOCAL, STAGE_FILE, "the text is %s, so nothing is sent",
			 st.st_size == 0 ? "empty" : "as it was");
}

/* What holds nothing of the user's is not left behind. */
static void editor_drop_unchanged(const struct stash *start, const char *path)
{
	char was[EDITOR_BLOCK], is[EDITOR_BLOCK];
	struct stat st;
	int fd = file_open(path, &st);

	if (fd >= 0 && (st.st_size == 0 || editor_is_same(fd, start, was, is)))
		written_drop();
	if (fd >= 0)
		close(fd);
}

int editor_run(const struct stash *start, const char *directory, int *fd, struct error *error)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char *path = NULL;
	int failed, made;

	if (terminal < 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--edit needs a terminal, and there is none");
	made = editor_write(start, directory, &path, error);
	if (path)
		written_lies_in(path);
	failed = made < 0;
	if (!failed) {
		close(made);
		failed = editor_wait(editor_command(), path, terminal, error);
	}
	close(terminal);
	if (!failed) {
		*fd = editor_open(start, path, error);
		failed = *fd < 0;
	}
	if (failed && path)
		editor_drop_unchanged(start, path);
	free(path);
	return failed ? -1 : 0;
}
