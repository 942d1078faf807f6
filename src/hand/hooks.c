/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hand/hooks.h"
#include "hand/words.h"
#include "os/diag.h"

#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const options[] = { [HOOK_LOW] = "--on-low", [HOOK_HIGH] = "--on-high" };

void
hooks_init(struct hooks *hooks, const struct options *given, struct warden *warden, size_t low, size_t high,
    uint64_t first_id)
{
	*hooks = (struct hooks){
		.options = given,
		.warden = warden,
		.given = { [HOOK_LOW] = given->reader.on_low != NULL, [HOOK_HIGH] = given->reader.on_high != NULL },
		.command = { [HOOK_LOW] = low, [HOOK_HIGH] = high },
		.told = HOOK_LOW,
		.id = first_id,
	};
}

/* False where it has to be tried later: when the warden has told something. */
static bool
run(struct hooks *hooks, enum hook hook, const struct pump *pump)
{
	const struct tally held = pump_held(pump), dropped = ledger_dropped(pump_ledger(pump));
	const struct tally depth = pump_depth(pump);
	struct words words;
	const struct warden_job job = {
		.id = hooks->id,
		.command = hooks->command[hook],
		.streams = { WARDEN_NULL, STDERR_FILENO, WARDEN_OWN },
		.environment = words.list,
	};

	words_init(&words, hooks->options->name);
	words_put(&words, "WEIR_STATE", hook == HOOK_HIGH ? "high" : "low");
	words_count(&words, "WEIR_FILL", depth.bytes * 100 / hooks->options->buffer_bytes);
	words_count(&words, "WEIR_HELD_RECORDS", held.records);
	words_count(&words, "WEIR_HELD_BYTES", held.bytes);
	words_count(&words, "WEIR_DROPPED_RECORDS", dropped.records);
	hooks->running = warden_start(hooks->warden, &job);
	if (hooks->running)
		return true;
	if (errno == EAGAIN)
		return false;
	diag_errno(errno, "%s", options[hook]);
	return true;
}

static enum hook
state_of(const struct pump *pump)
{
	return pump_is_pressed(pump) ? HOOK_HIGH : HOOK_LOW;
}

bool
hooks_wait(const struct hooks *hooks, const struct pump *pump)
{
	const enum hook now = state_of(pump);

	return hooks->running && now != hooks->told && hooks->given[now];
}

void
hooks_end(struct hooks *hooks, const struct pump *pump)
{
	hooks->id += hooks->running;
	hooks->running = false;
	hooks_step(hooks, pump);
}

void
hooks_step(struct hooks *hooks, const struct pump *pump)
{
	const enum hook now = state_of(pump);

	if (hooks->running || now == hooks->told)
		return;
	if (!hooks->given[now] || run(hooks, now, pump))
		hooks->told = now;
}

bool
hooks_told(struct hooks *hooks, enum warden_event event, const struct warden_told *told)
{
	const char *name = options[hooks->told];

	if (event == WARDEN_NONE || event == WARDEN_GONE || told->id != hooks->id)
		return false;
	if (event == WARDEN_STARTED || event == WARDEN_STOPPED)
		return true;
	hooks->running = false;
	hooks->id++;
	if (event == WARDEN_FAILED || event == WARDEN_SHORT)
		diag_note("%s: %s", name, strerror(told->value));
	else if (WIFSIGNALED(told->value))
		diag_note("%s was ended by signal %d", name, WTERMSIG(told->value));
	else if (WEXITSTATUS(told->value) != 0)
		diag_note("%s ended with status %d", name, WEXITSTATUS(told->value));
	return true;
}
