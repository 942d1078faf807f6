/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"
#include "hand/batch.h"
#include "os/diag.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND 0 /* of those that the warden has */
#define KILL_AFTER_NS (2 * NS_PER_S)

/* sysexits.h: the data is at fault, and would be the next time. */
#define STATUS_DATA 65

struct batches *
batches_new(const struct options *options, struct warden *warden, struct breaker *breaker)
{
	struct batches *batches = calloc(1, sizeof(*batches));

	if (batches == NULL)
		return NULL;
	batches->options = options;
	batches->rules = &options->reader;
	batches->warden = warden;
	batches->breaker = breaker;
	batches->halves = *breaker;
	batches->last = &batches->oldest;
	batches->next_id = 1;
	batches->figures.status = -1;
	return batches;
}

void
batches_begin(struct batches *batches, struct pump *pump)
{
	batches->pump = pump;
}

/* --- the list ------------------------------------------------------------------------------------ */

void
batch_free(struct batch *batch)
{
	parcel_free(&batch->parcel);
	free(batch->load.list);
	free(batch);
}

void
batches_find_last(struct batches *batches)
{
	batches->last = &batches->oldest;
	while (*batches->last != NULL)
		batches->last = &(*batches->last)->next;
}

void
batches_let_go(struct batches *batches, struct batch *batch)
{
	struct batch **link = &batches->oldest;

	while (*link != batch)
		link = &(*link)->next;
	*link = batch->next;
	if (--*batch->parts == 0) {
		free(batch->parts);
		batches->made--;
	}
	batch_free(batch);
	batches_find_last(batches);
}

void
batches_free(struct batches *batches)
{
	if (batches == NULL)
		return;
	while (batches->oldest != NULL)
		batches_let_go(batches, batches->oldest);
	if (batches->making)
		parcel_free(&batches->parcel);
	free(batches);
}

/* --- making -------------------------------------------------------------------------------------- */

static void
fail_run(struct batches *batches, const char *what)
{
	diag_errno(errno, "%s", what);
	batches->end = READER_BROKEN;
}

/* What has been written into the parcel is a batch. */
static void
take_batch(struct batches *batches)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	unsigned *parts = malloc(sizeof(*parts));

	if (batch == NULL || parts == NULL || parcel_seal(&batches->parcel) < 0) {
		free(batch);
		free(parts);
		fail_run(batches, "a batch");
		return;
	}
	*parts = 1;
	*batch = (struct batch){ .parcel = batches->parcel, .load = pump_take_batch(batches->pump), .parts = parts,
		.timeout_ns = UINT64_MAX, .kill_ns = UINT64_MAX };
	batches->making = false;
	batches->made++;
	*batches->last = batch;
	batches->last = &batch->next;
}

static void
open_batch(struct batches *batches)
{
	struct io_port port;

	if (parcel_make(&batches->parcel) < 0) {
		fail_run(batches, "a batch");
		return;
	}
	batches->making = true;
	io_open_output(&port, parcel_fd(&batches->parcel));
	pump_open_batch(batches->pump, &port);
}

/* --- running ------------------------------------------------------------------------------------- */

struct words {
	char text[6][160];
	const char *list[7];
	size_t count;
};

static void
say(struct words *words, const char *name, uint64_t value)
{
	(void)snprintf(words->text[words->count], sizeof(words->text[0]), "%s=%llu", name, (unsigned long long)value);
	words->list[words->count] = words->text[words->count];
	words->count++;
}

static void
fill_words(struct words *words, const struct batches *batches, const struct batch *batch)
{
	*words = (struct words){ .count = 0 };
	(void)snprintf(words->text[0], sizeof(words->text[0]), "WEIR_NAME=%s", batches->options->name);
	words->list[words->count++] = words->text[0];
	say(words, "WEIR_TRY", batch->tries + 1);
	say(words, "WEIR_FIRST", batch->load.first);
	say(words, "WEIR_LAST", batch->load.last);
	say(words, "WEIR_RECORDS", batch->load.sum.records);
	say(words, "WEIR_BYTES", batch->load.sum.bytes);
}

/* False where it has to be tried later. */
static bool
run_batch(struct batches *batches, struct batch *batch, uint64_t now_ns)
{
	struct words words;
	struct warden_job job = { .id = batches->next_id, .command = COMMAND,
		.streams = { -1, WARDEN_OWN, WARDEN_OWN }, .environment = words.list };
	bool asked;
	int input = parcel_open(&batch->parcel);

	if (input < 0) {
		fail_run(batches, "a batch");
		return false;
	}
	fill_words(&words, batches, batch);
	job.streams[0] = input;
	asked = warden_start(batches->warden, &job);
	if (!asked && errno != EAGAIN)
		fail_run(batches, batches->rules->command[0]);
	(void)close(input);
	if (!asked)
		return false;
	batch->id = batches->next_id++;
	batch->late = false;
	batch->kill_ns = UINT64_MAX;
	batch->timeout_ns = batches->rules->timeout_ns == 0 ? UINT64_MAX : now_ns + batches->rules->timeout_ns;
	batches->running++;
	batches->figures.starts++;
	return true;
}

struct breaker *
batches_breaker(struct batches *batches, const struct batch *batch)
{
	return batch->part ? &batches->halves : batches->breaker;
}

/* Those that may run now: all, or while the breaker is open the oldest alone; none before it is due. */
static void
run_due(struct batches *batches, uint64_t now_ns)
{
	if (batches->ending || now_ns < batches->again_ns)
		return;
	for (struct batch *batch = batches->oldest; batch != NULL; batch = batch->next) {
		struct breaker *breaker = batches_breaker(batches, batch);
		const bool alone = breaker_is_open(breaker);

		if (batches->running >= batches->rules->jobs || (alone && batches->running > 0))
			return;
		if (batch->id == 0 && now_ns >= breaker_due_ns(breaker) && !run_batch(batches, batch, now_ns))
			return;
		if (alone)
			return;
	}
}

static void
note_failure(const struct batches *batches, const struct batch *batch, int status)
{
	const char *name = diag_visible(batches->rules->command[0]);
	const unsigned long long tries = (unsigned long long)batch->tries;

	if (batch->late)
		diag_note("%s took longer than --timeout (try %llu)", name, tries);
	else if (WIFSIGNALED(status))
		diag_note("%s was ended by signal %d (try %llu)", name, WTERMSIG(status), tries);
	else
		diag_note("%s ended with status %d (try %llu)", name, WEXITSTATUS(status), tries);
}

static void
has_ended(struct batches *batches, struct batch *batch, int status, uint64_t now_ns)
{
	const bool by_itself = !batch->late && WIFEXITED(status);

	batch->id = 0;
	batches->running--;
	batches->has_run = true;
	batches->figures.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (by_itself && WEXITSTATUS(status) == 0) {
		batches_confirm(batches, batch, now_ns);
	} else if (by_itself && WEXITSTATUS(status) == STATUS_DATA) {
		breaker_succeed(batches_breaker(batches, batch), now_ns);
		batches_give_up(batches, batch, now_ns);
	} else if (!batches->ending) {
		batch->tries++;
		batches->figures.failures++;
		if (breaker_fail(batches_breaker(batches, batch), now_ns) && !batch->part)
			note_failure(batches, batch, status);
		if (batches->rules->retries != UINT64_MAX && batch->tries > batches->rules->retries)
			batches_give_up(batches, batch, now_ns);
	}
}

static struct batch *
find(struct batches *batches, uint64_t id)
{
	struct batch *batch = batches->oldest;

	while (batch != NULL && batch->id != id)
		batch = batch->next;
	return batch;
}

/* At the first start it will not be otherwise at the next. */
static void
cannot_run(struct batches *batches, struct batch *batch, int error, uint64_t now_ns)
{
	if (batches->has_run) {
		has_ended(batches, batch, command_wait_status(error), now_ns);
		return;
	}
	batch->id = 0;
	batches->running--;
	if (batches->end == READER_GOES_ON)
		diag_errno(error, "%s", diag_visible(batches->rules->command[0]));
	batches->figures.status = error == ENOENT ? 127 : 126;
	batches->end = READER_CANNOT_RUN;
}

void
batches_told(struct batches *batches, enum warden_event event, const struct warden_told *told, uint64_t now_ns)
{
	struct batch *batch = find(batches, told->id);

	switch (event) {
	case WARDEN_NONE:
	case WARDEN_STARTED:
	case WARDEN_STOPPED:
		break;
	case WARDEN_FAILED:
		if (batch != NULL)
			cannot_run(batches, batch, told->value, now_ns);
		break;
	case WARDEN_SHORT:
		if (batch == NULL)
			break;
		batch->id = 0; /* it is no failure of COMMAND */
		batches->running--;
		batches->again_ns = now_ns + batches->rules->backoff_least_ns;
		break;
	case WARDEN_ENDED:
		if (batch != NULL)
			has_ended(batches, batch, told->value, now_ns);
		break;
	case WARDEN_GONE:
		if (batches->end == READER_GOES_ON)
			diag_error("weir-warden has gone, and with it the way to %s",
			    diag_visible(batches->rules->command[0]));
		batches->end = READER_BROKEN;
		break;
	}
}

/* --- the step ------------------------------------------------------------------------------------ */

static void
end_late(struct batches *batches, struct batch *batch, uint64_t now_ns)
{
	if (batch->id == 0)
		return;
	if (now_ns >= batch->timeout_ns) {
		batch->late = true;
		batch->timeout_ns = UINT64_MAX;
		batch->kill_ns = now_ns + KILL_AFTER_NS;
		(void)warden_signal(batches->warden, batch->id, SIGTERM);
	}
	if (now_ns >= batch->kill_ns) {
		batch->kill_ns = UINT64_MAX;
		(void)warden_signal(batches->warden, batch->id, SIGKILL);
	}
}

void
batches_step(struct batches *batches, uint64_t now_ns)
{
	struct pump *pump = batches->pump;

	for (struct batch *batch = batches->oldest; batch != NULL; batch = batch->next)
		end_late(batches, batch, now_ns);
	if (batches->making && pump_has_batch(pump, now_ns))
		take_batch(batches);
	if (!batches->making && !batches->ending && batches->made < batches->rules->jobs && pump_wants_batch(pump))
		open_batch(batches);
	run_due(batches, now_ns);
	if (batches->end == READER_GOES_ON && !pump_is_reading(pump) && pump_held(pump).bytes == 0 && batches->made == 0)
		batches->end = READER_DONE;
}

uint64_t
batches_deadline_ns(const struct batches *batches)
{
	uint64_t deadline_ns = UINT64_MAX;

	for (const struct batch *batch = batches->oldest; batch != NULL; batch = batch->next) {
		const struct breaker *breaker = batch->part ? &batches->halves : batches->breaker;
		uint64_t due_ns = batch->id == 0 ? breaker_due_ns(breaker)
		    : batch->timeout_ns < batch->kill_ns ? batch->timeout_ns : batch->kill_ns;

		if (batch->id == 0 && batches->running >= batches->rules->jobs)
			continue;
		if (batch->id == 0 && due_ns < batches->again_ns)
			due_ns = batches->again_ns;
		if (due_ns < deadline_ns)
			deadline_ns = due_ns;
	}
	return deadline_ns;
}

void
batches_tell_to_end(struct batches *batches, uint64_t now_ns)
{
	batches->ending = true;
	for (struct batch *batch = batches->oldest; batch != NULL; batch = batch->next) {
		if (batch->id != 0 && !batch->late)
			batch->timeout_ns = now_ns;
		end_late(batches, batch, now_ns);
	}
}

bool
batches_run(const struct batches *batches)
{
	return batches->running > 0;
}

enum reader_end
batches_state(const struct batches *batches)
{
	return batches->end;
}

void
batches_figures(const struct batches *batches, struct reader_figures *figures)
{
	*figures = batches->figures;
}
