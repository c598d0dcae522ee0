/* This machine: see doctor_system.h. */
#include "cmd/doctor_system.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/remedy.h"
#include "net/hostname.h"

enum { DOCTOR_PROFILE_MAX = 256 };

void doctor_name(struct doctor *d)
{
	const struct account *a = &d->account;
	const char *sender = account_sender(a);
	const char *at = sender ? strrchr(sender, '@') : NULL;
	struct remedy m = remedy_do("write a name that the DNS knows behind \"domain\"");
	struct buf name;

	if (at)
		m = remedy_line("domain %s", at + 1);
	buf_init(&name, 512);
	if (a->domain && strchr(a->domain, '.'))
		doctor_ok(d, "%s, by \"domain\"", a->domain);
	else if (a->domain)
		doctor_warn(d, &m, "\"domain %s\" is no full name, which some relays refuse",
			    a->domain);
	else if (hostname_full(&name, false) == 0)
		doctor_ok(d, "%s, the host's name", name.data);
	else if (endpoint_is_local(&a->relay) || account_wants_auth(a))
		doctor_ok(d, "the host has no full name: EHLO says its address");
	else
		doctor_warn(d, &m,
			    "the host has no full name: EHLO says its address, which some "
			    "relays refuse");
	buf_clear(&name);
}

/* Whether there is an interface besides loopback; true when nobody can tell. */
static bool doctor_has_interface(void)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all))
		return true;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		found = found || (!(i->ifa_flags & IFF_LOOPBACK) && i->ifa_flags & IFF_UP);
	freeifaddrs(all);
	return found;
}

/* Whether sockets of the Internet may be made: 0, or an errno. */
static int doctor_try_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int six;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (six >= 0)
		close(six);
	return six >= 0 ? 0 : errno;
}

/* The profile of AppArmor or the context of SELinux that confines us, into out; false: none. */
static bool doctor_profile(struct buf *out)
{
	int fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
	bool confined = false;

	if (fd >= 0 && file_read_all(fd, out) == 0) {
		while (out->len > 0 &&
		       (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\0'))
			buf_truncate(out, out->len - 1);
		confined = out->len > 0 && strncmp(out->data, "unconfined", 10) != 0 &&
			   !strstr(out->data, ":unconfined_t:");
	}
	if (fd >= 0)
		close(fd);
	return confined;
}

static void doctor_sandbox_home(struct doctor *d)
{
	const char *home = getenv("HOME");
	const struct remedy m =
		remedy_line("queue_dir /var/spool/pennypost/%lu", (unsigned long)getuid());

	if (home && access(home, W_OK) && errno == EROFS && !d->account.queue_dir)
		doctor_warn(d, &m,
			    "the home directory %s is on a file system that cannot be "
			    "written",
			    home);
}

/* Whether it is this process that connects over a network. */
static bool doctor_goes_out(const struct doctor *d)
{
	const struct endpoint *e = &d->account.relay;

	return !endpoint_is_store(e) && !e->path && !e->command && e->scheme != ENDPOINT_FD;
}

void doctor_sandbox(struct doctor *d)
{
	const struct remedy proc = remedy_command("mount -t proc proc /proc");
	const struct remedy alone =
		remedy_do("run it outside, or take PrivateNetwork= out of the unit; in a "
			  "container, give it a network");
	const struct remedy family =
		remedy_do("write RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 in the unit");
	int number = doctor_try_socket();
	unsigned before = d->warnings;
	struct buf profile;

	doctor_sandbox_home(d);
	if (access("/proc/self/exe", F_OK))
		doctor_warn(d, &proc, "there is no /proc");
	buf_init(&profile, DOCTOR_PROFILE_MAX);
	if (number != 0 && doctor_goes_out(d))
		doctor_fail(d, 75, &family, "no socket can be made: %s", strerror(number));
	else if (doctor_goes_out(d) && !endpoint_is_local(&d->account.relay) &&
		 !doctor_has_interface())
		doctor_fail(d, 75, &alone,
			    "there is no network here but loopback, as in a "
			    "service with PrivateNetwork");
	else if (doctor_profile(&profile))
		doctor_ok(d, "confined by %s: what it denies is in the log of the system",
			  profile.data);
	else if (d->warnings == before)
		doctor_ok(d, "nothing is taken away");
	buf_clear(&profile);
}

void doctor_sendmail(struct doctor *d)
{
	static const char *const paths[] = {"/usr/sbin/sendmail", "/usr/lib/sendmail"};
	struct stat us = {0}, it;
	struct remedy m;

	if (stat("/proc/self/exe", &us))
		us.st_ino = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (stat(paths[i], &it) == 0) {
			bool same =
				us.st_ino && it.st_ino == us.st_ino && it.st_dev == us.st_dev;

			doctor_ok(d, "%s is %s", paths[i],
				  same ? "this program"
				       : "another program: cron and the like send by it");
			return;
		}
		if (lstat(paths[i], &it) == 0) {
			m = remedy_command("rm %s", paths[i]);
			doctor_warn(d, &m, "%s leads nowhere", paths[i]);
			return;
		}
	}
	doctor_ok(d, "there is no %s: cron and the like send nothing", paths[0]);
}
