/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the live line is drawn, and when it makes way: on a pseudo-terminal in the place of standard error.  What it
 * says is in test_meter.c, how it is drawn in test_screen.c, job control in tests/cli/meter.bats.
 */
#include "../tap.h"

#include "os/diag.h"
#include "os/signals.h"
#include "tell/live.h"

#include <sys/ioctl.h>

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#define NOW (7 * NS_PER_S)

static struct options options;
static struct pump pump;
static struct baseline baseline;
static struct live live;
static int terminal_end = -1;

static void
begin(void)
{
	const struct queue_limits limits = { .bytes = 100, .records = UINT64_MAX };
	const struct watermarks marks = { { UINT64_MAX, 100 }, { UINT64_MAX, 50 } };

	options = (struct options){ .policy = POLICY_DROP_OLDEST, .framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = 100, .max_records = UINT64_MAX, .name = "weir" };
	pump = (struct pump){ .options = &options };
	pump.plan.limits = limits;
	if (queue_init(&pump.queue, &options.framing, &limits) < 0 || (pump.queue.sojourn = pump.sojourn = sojourn_new()) == NULL)
		abort();
	level_init(&pump.level, false, &marks, &pump.ledger);
	pump.outlet.port.fd = -1;
	snapshot_begin(&baseline, NS_PER_S);
	live = (struct live){ 0 };
}

static void
finish(void)
{
	diag_set_guard(NULL, NULL);
	live_close(&live);
	sojourn_free(pump.queue.sojourn);
	pump_free(&pump);
}

/* Standard error becomes a terminal, whose other end never waits. */
static bool
open_terminal(void)
{
	struct termios modes;
	const char *name;
	int user_end;

	terminal_end = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (terminal_end < 0 || grantpt(terminal_end) < 0 || unlockpt(terminal_end) < 0 ||
	    (name = ptsname(terminal_end)) == NULL || (user_end = open(name, O_RDWR | O_NOCTTY)) < 0 ||
	    tcgetattr(user_end, &modes) < 0)
		return false;
	modes.c_oflag &= ~(tcflag_t)OPOST;
	(void)setenv("TERM", "xterm", 1);
	return tcsetattr(user_end, TCSANOW, &modes) == 0 && dup2(user_end, STDERR_FILENO) >= 0 && close(user_end) == 0;
}

/* What has come out since it was asked last. */
static const char *
seen(void)
{
	static char text[65536];
	size_t length = 0;
	ssize_t more;

	while ((more = read(terminal_end, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	return text;
}

static bool
is_drawn(void)
{
	return strstr(seen(), " 0%") != NULL;
}

static void
nothing(void)
{
	begin();
	ok(!live_is_drawn(&live), "where none is asked for there is no line");
	live_step(&live, NOW);
	ok(live_deadline_ns(&live) == LOOP_FOREVER && live_watch(&live).fd == -1, "and nothing is waited for");
	live_settle(&live, 0);
	finish();
}

static void
no_terminal(void)
{
	int error = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	begin();
	(void)dup2(null, STDERR_FILENO);
	live_begin(&live, &pump, &baseline, NOW);
	ok(!live_is_drawn(&live) && live_deadline_ns(&live) == LOOP_FOREVER, "nor where it is no terminal");
	finish();
	(void)dup2(error, STDERR_FILENO);
	(void)close(error);
	(void)close(null);
}

static void
drawn(void)
{
	struct snapshot snapshot;

	begin();
	live_begin(&live, &pump, &baseline, NOW);
	ok(live_is_drawn(&live) && live_deadline_ns(&live) == NOW, "a line is to be drawn at once,");
	live_step(&live, NOW);
	ok(is_drawn() && live_deadline_ns(&live) == LOOP_FOREVER, "and then when there are other figures:");
	live_step(&live, NOW + NS_PER_S);
	is_text(seen(), "", "not before");
	snapshot_take(&snapshot, REPORT_INTERVAL, &pump, &baseline, NOW + NS_PER_S);
	live_show(&live, &snapshot, NOW + NS_PER_S);
	is(live_deadline_ns(&live), NOW + NS_PER_S, "there are");
	live_step(&live, NOW + NS_PER_S);
	ok(is_drawn(), "drawn again");
	pump.input = PUMP_ENDED;
	live_step(&live, NOW + NS_PER_S);
	ok(live.shown.draining && is_drawn(), "and when the input ends, after which no interval may");
}

static void
interrupted(void)
{
	diag_note("a message");
	ok(strstr(seen(), "a message") != NULL, "a message");
	is(live_deadline_ns(&live), 0, "is followed by the line");
	live_step(&live, NOW);
	ok(is_drawn(), "at once");
	(void)ioctl(terminal_end, TIOCSWINSZ, &(struct winsize){ .ws_col = 40, .ws_row = 10 });
	(void)raise(SIGWINCH);
	(void)loop_wait(NULL, 0, loop_now()); /* signals come while it waits */
	live_step(&live, NOW);
	is(live.screen.columns, 40, "another size of the terminal is noticed");
	ok(live_deadline_ns(&live) > loop_now() && live_deadline_ns(&live) <= loop_now() + 50 * NS_PER_MS,
	    "and the line follows a little later");
	live_settle(&live, loop_now());
	(void)seen();
	live_settle(&live, loop_now());
	is_text(seen(), "", "at the end it is taken away, once");
	finish();
}

int
main(void)
{
	signals_init();
	nothing();
	no_terminal();
	if (open_terminal()) {
		drawn();
		interrupted();
	} else {
		ok(false, "a pseudo-terminal");
	}
	return done_testing();
}
