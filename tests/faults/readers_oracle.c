/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three witnesses are heard: COMMAND (the journal), the file of dead letters, and weir itself (its reports).  Each
 * record of the input was confirmed, or dropped for a reason that the plan allows, or is undelivered, and they agree on
 * how many of each.
 */
#include "config.h"

#include "readers.h"
#include "../unit/tap.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>

#define BIT(number) (1u << (number))

/* What a report says. */
struct figures {
	struct tally in, out, dropped, by[REASONS], unsaved, held, in_flight, undelivered, sent, redelivered;
	bool final;
	int status;
	char reason[32];
};

const char *
readers_wrong(const char *format, ...)
{
	static char text[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return text;
}

/* --- reports -------------------------------------------------------------------------------------- */

static bool
read_tally(const char *report, const char *name, struct tally *tally)
{
	char wanted[40];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "\"%s\":{\"records\":", name);
	at = strstr(report, wanted);
	return at != NULL && sscanf(at + strlen(wanted), "%" SCNu64 ",\"bytes\":%" SCNu64, &tally->records,
	    &tally->bytes) == 2;
}

static bool
read_report(const char *report, struct figures *figures)
{
	const struct {
		const char *name;
		struct tally *tally;
	} tallies[] = {
		{ "in", &figures->in }, { "out", &figures->out }, { "dropped", &figures->dropped },
		{ "dropped_unsaved", &figures->unsaved }, { "held", &figures->held },
		{ "in_flight", &figures->in_flight }, { "undelivered", &figures->undelivered },
		{ "sent", &figures->sent }, { "redelivered", &figures->redelivered },
	};
	const char *at;

	*figures = (struct figures){ .final = strstr(report, "\"event\":\"final\"") != NULL };
	for (size_t i = 0; i < sizeof(tallies) / sizeof(tallies[0]); i++)
		if (!read_tally(report, tallies[i].name, tallies[i].tally))
			return false;
	for (int i = 0; i < REASONS; i++)
		if (!read_tally(report, reason_name((enum reason)i), &figures->by[i]))
			return false;
	at = strstr(report, "\"exit\":{\"status\":");
	return !figures->final || (at != NULL && sscanf(at, "\"exit\":{\"status\":%d,\"reason\":\"%31[^\"]",
	    &figures->status, figures->reason) == 2);
}

static const char *
judge_report(const struct reading_plan *plan, const struct figures *f)
{
	struct tally by = { 0, 0 };

	if (f->in.records != f->out.records + f->dropped.records + f->held.records + f->undelivered.records ||
	    f->in.bytes != f->out.bytes + f->dropped.bytes + f->held.bytes + f->undelivered.bytes)
		return readers_wrong("the law is broken in a report: in %" PRIu64 " records, %" PRIu64 " bytes", f->in.records,
		    f->in.bytes);
	for (int i = 0; i < REASONS; i++) {
		ledger_count(&by, f->by[i].records, f->by[i].bytes);
		if (f->by[i].bytes > 0 && (plan->may & BIT(i)) == 0)
			return readers_wrong("dropped as %s", reason_name((enum reason)i));
	}
	if (by.records != f->dropped.records || by.bytes != f->dropped.bytes)
		return readers_wrong("dropped is not the sum of its reasons");
	if (f->in_flight.records > f->held.records || f->in_flight.bytes > f->held.bytes)
		return readers_wrong("more in flight than held");
	if (plan->reading != BY_WRITTEN && f->out.records > f->sent.records)
		return readers_wrong("out %" PRIu64 ", and only %" PRIu64 " sent", f->out.records, f->sent.records);
	return NULL;
}

/* Counters never fall. */
static bool
has_fallen(const struct figures *now, const struct figures *before)
{
	return now->in.bytes < before->in.bytes || now->out.bytes < before->out.bytes || now->out.records < before->out.records ||
	    now->dropped.records < before->dropped.records || now->sent.bytes < before->sent.bytes ||
	    now->redelivered.bytes < before->redelivered.bytes;
}

/* All of them; *last is the last. */
static const char *
judge_reports(const struct reading_plan *plan, const struct reading_outcome *outcome, struct figures *last)
{
	char *copy = strdup(outcome->reports.bytes), *line, *rest = copy;
	const char *why = NULL;
	struct figures now;

	*last = (struct figures){ .final = false };
	while (why == NULL && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0' || (rest == NULL && plan->victim == KILL_WEIR)) /* the last one may be a part */
			continue;
		if (!read_report(line, &now))
			why = readers_wrong("no report: %.200s", line);
		else if (last->final)
			why = "a report after the last one";
		else if (has_fallen(&now, last))
			why = "a counter has fallen";
		else
			why = judge_report(plan, &now);
		*last = now;
	}
	free(copy);
	return why;
}

/* --- dead letters --------------------------------------------------------------------------------- */

static int
reason_of(const char *text, size_t length)
{
	for (int i = 0; i < REASONS; i++)
		if (strlen(reason_name((enum reason)i)) == length && memcmp(reason_name((enum reason)i), text, length) == 0)
			return i;
	return -1;
}

/* What stands behind the reason of what a reader would not have: what was refused as one, and how often it was tried. */
static const char *
judge_blame(const struct reading_plan *plan, const char *text, uint64_t number, struct record_fate *fate)
{
	uint64_t tries, first, last;
	int cause = 0;

	if (sscanf(text, " tries=%" SCNu64 " first=%" SCNu64 " last=%" SCNu64 " %n", &tries, &first, &last, &cause) != 3 || cause == 0)
		return readers_wrong("dead letter %" PRIu64 " does not say who is to blame: %.80s", number, text);
	text += cause;
	if (number < first || number > last || tries < 1 || (plan->bisect && first != last && plan->permille == 0)) /* without memory it cannot be halved */
		return readers_wrong("dead letter %" PRIu64 " is of %" PRIu64 " to %" PRIu64 ", tried %" PRIu64 " times", number, first,
		    last, tries);
	fate->tries = tries;
	if (strncmp(text, "answer=reject", 13) == 0 || strncmp(text, "status=65\t", 10) == 0)
		return NULL;
	if (strncmp(text, "status=", 7) != 0 && strncmp(text, "signal=", 7) != 0 && strncmp(text, "timeout\t", 8) != 0 &&
	    strncmp(text, "stall\t", 6) != 0)
		return readers_wrong("dead letter %" PRIu64 " is for %.80s", number, text);
	fate->blamed = true;
	return plan->reading != BY_BATCH || tries >= plan->retries + 1 ? NULL
	    : readers_wrong("dead letter %" PRIu64 " was tried %" PRIu64 " times", number, tries);
}

/* One of them, as it is in the file: its reason, a tab, and what it was. */
static const char *
read_letter(const struct reading_plan *plan, const struct records *records, const char *text, size_t length,
    struct reading_facts *facts, uint64_t counts[REASONS])
{
	const char *tab = memchr(text, '\t', length), *why;
	uint64_t number = 0;
	size_t whole, start;
	int reason;

	/* Of the record that the reader had begun there is the rest. */
	if (plan->discards && facts->rests == 0 && facts->count > 0 && strncmp(text, "gone\t", 5) == 0 &&
	    (sscanf(text + 5, "%" SCNu64 " ", &number) != 1 || number < 1 || number > records->count ||
	    length - 5 + 1 < records->ends[number] - records->ends[number - 1])) {
		facts->rests++;
		counts[REASON_GONE]++;
		return NULL;
	}
	if (tab == NULL || (reason = reason_of(text, strcspn(text, " \t"))) < 0 ||
	    sscanf(tab + 1, "%" SCNu64 " ", &number) != 1 || number < 1 || number > records->count)
		return readers_wrong("no dead letter: %.*s", (int)(length < 80 ? length : 80), text);
	start = records->ends[number - 1];
	whole = records->ends[number] - start;
	whole -= records->bytes[start + whole - 1] == '\n';
	if (length - (size_t)(tab + 1 - text) != whole || memcmp(tab + 1, records->bytes + start, whole) != 0)
		return readers_wrong("dead letter %" PRIu64 " is not as it came", number);
	if ((plan->may & BIT(reason)) == 0)
		return readers_wrong("dead letter %" PRIu64 " is for the reason %s", number, reason_name((enum reason)reason));
	if (reason == REASON_REJECTED && (why = judge_blame(plan, text + strcspn(text, " \t"), number,
	    &facts->fates[number])) != NULL)
		return why;
	if (facts->fates[number].dead)
		return readers_wrong("dead letter %" PRIu64 " is there twice", number);
	facts->fates[number].dead = true;
	facts->fates[number].reason = (enum reason)reason;
	counts[reason]++;
	return NULL;
}

static const char *
read_letters(const struct reading_plan *plan, const struct records *records, const struct reading_outcome *outcome,
    struct reading_facts *facts, uint64_t counts[REASONS])
{
	const char *at = outcome->dropped.bytes, *end = at + outcome->dropped.length, *why = NULL;

	while (why == NULL && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);

		if (newline == NULL && plan->victim == KILL_WEIR)
			return NULL;
		why = read_letter(plan, records, at, length, facts, counts);
		at += length + 1;
	}
	return why;
}

static const char *
judge_letters(const struct figures *last, const uint64_t counts[REASONS])
{
	uint64_t sum = 0;

	for (int i = 0; i < REASONS; i++) {
		sum += counts[i];
		if (counts[i] > last->by[i].records || (last->unsaved.records == 0 && counts[i] != last->by[i].records))
			return readers_wrong("%s: %" PRIu64 " records, and %" PRIu64 " dead letters", reason_name((enum reason)i),
			    last->by[i].records, counts[i]);
	}
	if (sum + last->unsaved.records != last->dropped.records)
		return readers_wrong("%" PRIu64 " dead letters, %" PRIu64 " not saved, and %" PRIu64 " dropped", sum,
		    last->unsaved.records, last->dropped.records);
	return NULL;
}

/* --- all together --------------------------------------------------------------------------------- */

static int
shell_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What a shim may have come to; 126 and 127 are for a process that there was not. */
static bool
has_shim_ended(const struct reading_plan *plan, int status)
{
	if (plan->error != 0)
		return status == 1 || status == 126 || status == 127;
	return plan->permille > 0 && (status == 1 || (status == 127 && plan->reading != BY_BATCH));
}

/* weir ended while answers were on their way, or was ended. */
static bool
is_cut_short(const struct reading_plan *plan, const struct reading_outcome *outcome)
{
	if (plan->apart && (plan->permille > 0 || plan->timed || plan->stalls))
		return true; /* the last answers may be there and a call say that they are not, or weir be the first to go */
	return outcome->terminated || plan->victim >= KILL_WEIR || has_shim_ended(plan, shell_status(outcome->status));
}

static const char *
judge_fates(const struct reading_plan *plan, const struct reading_outcome *outcome, const struct reading_facts *facts,
    const struct figures *last)
{
	uint64_t maybe = 0, sure = 0, lost = 0, blamed = 0, first_lost = 0;

	for (uint64_t n = 1; n <= facts->count && n <= last->in.records; n++) {
		const struct record_fate *its = &facts->fates[n];

		maybe += its->maybe;
		blamed += its->blamed;
		sure += its->sure && !its->dead;
		if (its->sure && its->dead && !is_cut_short(plan, outcome))
			return readers_wrong("record %" PRIu64 " was confirmed, and dropped as %s", n, reason_name(its->reason));
		if (its->tries > 0 && its->tries != its->given && plan->reading == BY_BATCH && !plan->timed && plan->victim == NOBODY)
			return readers_wrong("record %" PRIu64 " was given to %u COMMANDs, and its letter says %" PRIu64, n, its->given,
			    its->tries);
		if (its->dead && its->taken > 0 && its->reason != REASON_REJECTED)
			return readers_wrong("record %" PRIu64 " was handed over, and dropped as %s", n, reason_name(its->reason));
		/* (Who is late may be ended before it has come to write a note.) */
		if (its->dead && its->reason == REASON_REJECTED && !its->refused && !plan->timed && !plan->stalls &&
		    (plan->reading == BY_BATCH || facts->deaths < plan->retries + 1 || plan->retries == UINT64_MAX))
			return readers_wrong("record %" PRIu64 " was rejected, and nobody would not have it", n);
		if (!its->maybe && !its->dead && lost++ == 0)
			first_lost = n;
	}
	if (plan->reading != BY_BATCH && blamed * (plan->retries + 1) > facts->deaths && !plan->timed && !plan->stalls)
		return readers_wrong("%" PRIu64 " were rejected for the deaths of COMMAND, which are %" PRIu64, blamed, facts->deaths);
	if (plan->reading == BY_WRITTEN)
		return NULL;
	if (last->final && lost > last->undelivered.records + last->unsaved.records + facts->slack + facts->rests)
		return readers_wrong("%" PRIu64 " records were lost, the first is %" PRIu64 "; undelivered %" PRIu64, lost, first_lost,
		    last->undelivered.records);
	if (last->out.records > maybe + (plan->reading == BY_READ ? facts->slack : 0))
		return readers_wrong("out %" PRIu64 ", and no more than %" PRIu64 " were confirmed", last->out.records, maybe);
	if (sure > last->out.records && last->final && !is_cut_short(plan, outcome))
		return readers_wrong("out %" PRIu64 ", and %" PRIu64 " were confirmed", last->out.records, sure);
	if (plan->credits_most > 0 && facts->taken > outcome->granted + last->redelivered.records)
		return readers_wrong("%" PRIu64 " were taken, granted %" PRIu64 " and redelivered %" PRIu64, facts->taken,
		    outcome->granted, last->redelivered.records);
	if (facts->skipped > last->unsaved.records)
		return readers_wrong("%" PRIu64 " records were skipped, one is %" PRIu64, facts->skipped, facts->slain);
	return NULL;
}

static const char *
judge_batch_status(const struct reading_plan *plan, const struct figures *last)
{
	const bool failed = last->by[REASON_REJECTED].records > 0 || (!plan->drops && last->by[REASON_OVERSIZE].records > 0);
	const int wanted = failed ? 5 : plan->fails_on_drop && last->dropped.records > 0 ? 3 : 0;

	return last->status == wanted ? NULL : readers_wrong("status %d (%s) and not %d", last->status, last->reason, wanted);
}

/* Of the one COMMAND: what it said itself, if it did; or 0 and something was left. */
static const char *
judge_feed_status(const struct reading_plan *plan, const struct reading_facts *facts, const struct figures *last)
{
	if (strcmp(last->reason, "stalled") == 0)
		return plan->stalls && last->status == 4 ? NULL : "nobody was stalled";
	if (!facts->last_known || plan->timed || plan->stalls)
		return NULL;
	/* What it died of last may have been rejected for that: then that is what counts. */
	if (facts->last_status != 0 && plan->retries < UINT64_MAX && strcmp(last->reason, "rejected") == 0 &&
	    last->by[REASON_REJECTED].records > 0)
		return last->status == 5 ? NULL : readers_wrong("status %d: rejected", last->status);
	if (facts->last_status != 0)
		return last->status == facts->last_status ? NULL
		    : readers_wrong("status %d (%s), that of COMMAND is %d", last->status, last->reason, facts->last_status);
	/* Before all of the input was read; nothing was lost if that was its end. */
	if (strcmp(last->reason, "command ended") == 0 && (last->undelivered.records > 0 || last->status == 128 + SIGPIPE))
		return last->status == 128 + SIGPIPE ? NULL : readers_wrong("status %d: COMMAND has ended", last->status);
	return judge_batch_status(plan, last);
}

/* Of one that is not weir's weir knows what it has confirmed, and that it is gone. */
static const char *
judge_status_apart(const struct reading_plan *plan, const struct figures *last)
{
	if (strcmp(last->reason, "reader gone") == 0 && last->status == 128 + SIGPIPE)
		return NULL;
	if (strcmp(last->reason, "stalled") == 0)
		return plan->stalls && last->status == 4 ? NULL : "nobody was stalled";
	if (last->undelivered.records > 0)
		return readers_wrong("%" PRIu64 " records undelivered (%s)", last->undelivered.records, last->reason);
	return judge_batch_status(plan, last);
}

static const char *
judge_status(const struct reading_plan *plan, const struct reading_outcome *outcome, const struct reading_facts *facts,
    const struct figures *last)
{
	const bool by_signal = strcmp(last->reason, "signal TERM") == 0;

	/* (It may not have come to write that its last report could not be written.) */
	if (plan->error != 0 && shell_status(outcome->status) == 1)
		return NULL;
	if (shell_status(outcome->status) != last->status)
		return readers_wrong("the report says status %d (%s), and it ended with %d", last->status, last->reason,
		    shell_status(outcome->status));
	if (has_shim_ended(plan, last->status))
		return NULL;
	if (by_signal || outcome->terminated)
		return !by_signal || (outcome->terminated && last->status == 128 + SIGTERM) ? NULL : "nobody sent TERM";
	if (last->undelivered.records > 0 && last->status == 0 && !plan->discards)
		return readers_wrong("status 0, and %" PRIu64 " records undelivered", last->undelivered.records);
	if (last->undelivered.records > 0 && plan->reading == BY_BATCH && plan->victim != KILL_WARDEN)
		return readers_wrong("%" PRIu64 " records undelivered (%s)", last->undelivered.records, last->reason);
	if (plan->victim == KILL_WARDEN && outcome->killed > 0 && strcmp(last->reason, "reader lost") == 0)
		return last->status == 1 && strstr(outcome->errors.bytes, "weir-warden has gone") != NULL ? NULL
		    : "the warden was killed, and it is not said";
	if (plan->discards)
		return NULL;
	if (plan->apart)
		return judge_status_apart(plan, last);
	return plan->reading == BY_BATCH ? judge_batch_status(plan, last) : judge_feed_status(plan, facts, last);
}

static const char *
judge_end(const struct reading_plan *plan, const struct reading_outcome *outcome, const struct reading_facts *facts,
    const struct figures *last, const uint64_t counts[REASONS])
{
	const char *why;

	/* (Where there was no memory to begin the warden learns of it by itself.) */
	if (outcome->left[0] != '\0' && last->final && plan->error == 0)
		return readers_wrong("left behind: %s", outcome->left);
	/* (Where no write succeeds there is none, for whatever reason it ended.) */
	if (!last->final)
		return has_shim_ended(plan, shell_status(outcome->status)) || (plan->error != 0 && outcome->terminated &&
		    shell_status(outcome->status) == 128 + SIGTERM) || (plan->error == EPIPE && outcome->status == SIGPIPE) ? NULL
		    : readers_wrong("no last report, and it ended with %d", shell_status(outcome->status));
	if (last->held.bytes > 0)
		return "something is held at the end";
	if ((why = judge_letters(last, counts)) != NULL)
		return why;
	if (plan->reading != BY_WRITTEN && facts->taken > last->sent.records + last->redelivered.records + facts->slack)
		return readers_wrong("%" PRIu64 " were taken, sent %" PRIu64 " and redelivered %" PRIu64, facts->taken,
		    last->sent.records, last->redelivered.records);
	return judge_status(plan, outcome, facts, last);
}

/* Who waits takes no processor: far more than all that there is to do, and less than who does not sleep gets beside
 * others.  (A call that fails for ever may be made for ever.) */
static const char *
judge_effort(const struct reading_plan *plan, const struct reading_outcome *outcome, const struct reading_facts *facts)
{
	const char *under = getenv("WEIR_UNDER");
	const uint64_t times = under != NULL && under[0] != '\0' ? 20 : 1, most = (700 + 30 * facts->lives + outcome->took_ms / 5) * times;

	return outcome->cpu_ms <= most || plan->error != 0 ? NULL
	    : readers_wrong("it took %" PRIu64 " ms of the processor in %" PRIu64 ", for %" PRIu64 " COMMANDs",
	        outcome->cpu_ms, outcome->took_ms, facts->lives);
}

const char *
readers_judge(const struct reading_plan *plan, const struct records *records, const struct reading_outcome *outcome)
{
	struct reading_facts facts = { .count = records->count };
	uint64_t counts[REASONS] = { 0 };
	struct figures last;
	const char *why;

	if (outcome->hung != NULL)
		return readers_wrong("it hung: %s", outcome->hung);
	facts.fates = calloc(records->count + 1, sizeof(*facts.fates));
	if (facts.fates == NULL)
		abort();
	why = judge_reports(plan, outcome, &last);
	if (why == NULL)
		why = read_letters(plan, records, outcome, &facts, counts);
	if (why == NULL)
		why = lives_judge(plan, outcome, &facts);
	if (why == NULL)
		why = judge_fates(plan, outcome, &facts, &last);
	if (why == NULL && (plan->victim != KILL_WEIR || outcome->killed == 0))
		why = judge_end(plan, outcome, &facts, &last, counts);
	if (why == NULL)
		why = judge_effort(plan, outcome, &facts);
	free(facts.fates);
	return why;
}

void
readers_show(const struct reading_plan *plan, const struct reading_outcome *outcome)
{
	char line[2048] = "weir";
	const char *report = outcome->reports.bytes + outcome->reports.length;

	for (int i = 0; i < plan->arguments; i++) {
		(void)strncat(line, " ", sizeof(line) - strlen(line) - 1);
		(void)strncat(line, plan->argument[i], sizeof(line) - strlen(line) - 1);
	}
	diag("%s", line);
	diag("deeds %#x, habits %#x, poison %" PRIu64 ", %" PRIu64 " records of %zu to %zu, fed %zu%s%s, status %#x",
	    plan->deeds, plan->habits, plan->poison, plan->records, plan->least, plan->most, outcome->fed,
	    outcome->fed_all ? " all" : "", outcome->terminated ? ", TERM" : "", (unsigned)outcome->status);
	while (report > outcome->reports.bytes && (report == outcome->reports.bytes + outcome->reports.length || report[-1] != '\n' ||
	    report[0] == '\0'))
		report--;
	diag("%.3000s", report);
	diag("%.600s", outcome->errors.bytes);
	if (plan->error != 0)
		diag("from call %" PRIu64 " on, %s: %s, mode %d", plan->which, outcome->counts.first, strerror(plan->error),
		    (int)plan->mode);
}
