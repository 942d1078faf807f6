/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pump: one pass over the pipeline: fill, frame, admit, drain, account.
 *
 *              .------- bypass -------.
 *      input -> intake -> queue -> outlet -> output
 *                 \ spool ^ ^ policy, level
 *
 * Does what can be done without waiting, and leaves its state for the run to derive from it what to
 * wait for.  A pass reads at most once, so that a fast producer cannot keep the output waiting, and
 * writes a bounded amount, so that a fast reader cannot keep the input waiting.
 *
 * What is fixed for a run is its plan, and changes only where somebody asks for that (replan.h).  A stream of bytes from pipe to pipe, and as long as
 * nothing is held, goes by the buffer (bypass.h).
 */
#ifndef WEIR_PUMP_H
#define WEIR_PUMP_H

#include "base/ledger.h"
#include "cli/options.h"
#include "flow/bypass.h"
#include "flow/bypass.h"
#include "flow/framer.h"
#include "flow/heading.h"
#include "flow/intake.h"
#include "flow/level.h"
#include "flow/outlet.h"
#include "flow/patience.h"
#include "flow/plan.h"
#include "flow/spooling.h"
#include "flow/tap.h"
#include "hold/serials.h"
#include "hold/age.h"
#include "hold/loss.h"
#include "hold/policy.h"
#include "hold/queue.h"
#include "hold/weights.h"
#include "os/io.h"
#include "os/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pump_input {
	PUMP_READING,
	PUMP_FINISHING,  /* asked to stop, but a record has been begun: only up to its end */
	PUMP_STOPPED,    /* asked to stop */
	PUMP_ENDED,      /* end of input */
	PUMP_READ_ERROR, /* errno is in error */
	PUMP_MISFRAMED,  /* what comes next is no record */
};

struct pump {
	const struct options *options;
	struct plan_ports ports;
	uint64_t salt;        /* of hashes of keys; 0 where nobody asks for one */
	struct plan plan;     /* changes only by pump_replan */
	struct tuning tuning; /* as of now */
	struct io_port input_port;
	bool left_waiting;     /* something waited in the input when it was closed, and it had not ended; */
	bool unread_known;     /* how much the input held when it was closed, */
	uint64_t unread_bytes; /* and how much that was */
	struct tap *taps;      /* who looks at what comes in; NULL: nobody; not owned */
	struct ends *ends;     /* where they are noted, of all memory here; else NULL */
	struct framer framer;  /* the same */
	uint64_t came_ns;      /* when something was read last */
	struct intake intake;
	struct spooling spooling; /* between the two, where the plan has it so */
	struct queue queue;
	struct heading heading; /* in front of that: what is first of all, where it is to leave first */
	struct sojourn *sojourn; /* of the queue; not owned, NULL for none */
	struct outlet outlet;
	struct flight flight;     /* where the plan has it so */
	struct serials serials;
	struct weights weights; /* where plan.weight is */
	struct batching {
		bool open;         /* one is being made, */
		uint64_t begun_ns; /* since then something is in it; 0: nothing */
		bool hurried;      /* they go as they are: there is no time to wait */
		uint64_t waits_ns; /* bytes that are no records have waited since then; UINT64_MAX: none do */
		uint64_t again_ns; /* what it is written to has refused, and nobody tells when it does not; UINT64_MAX: it has not */
	} batching;
	struct ledger ledger;
	struct loss loss;
	struct shed shed;
	struct age age;
	struct level level;
	uint64_t halted_since_ns;
	uint64_t began_ns;
	struct buckets *intake_buckets; /* one for each key, or NULL */
	struct recent *sampled_keys;    /* as gate.h has it, or NULL */
	struct repeats *repeats;        /* where there have been any from the beginning on, or NULL */
	struct buckets *outlet_buckets;
	enum pump_input input;
	enum outlet_state output;
	struct bypass bypass;
	struct patience patience; /* where the plan has it so */
	bool input_waits; /* nothing was there to read: until poll says otherwise */
	bool hurried;     /* what waits for more to come waits no longer */
	int error;        /* of PUMP_READ_ERROR */
	bool discarding;  /* nobody reads any more, and it goes on */
	bool failed;      /* something did not fit, and the policy is to end then */
	bool closed;      /* the books: what was held is undelivered */
};

/* Takes up both ports, open already, and gets its memory.  0, or -1 with errno. */
int pump_init(struct pump *pump, const struct options *options, const struct io_port *input,
    const struct io_port *output, uint64_t now_ns);
void pump_free(struct pump *pump);

/* What watches the pump, from the beginning on; each may be NULL, none is owned.  Where the options
 * have it drop by age, or make batches, there must be a sojourn. */
void pump_observe(struct pump *pump, struct sojourn *sojourn, struct marks *marks, struct spill *spill,
    struct top *top);

/* Where the options have it so the pipes at both ends are made larger. */
void pump_enlarge_pipes(const struct options *options, const struct io_port *input, const struct io_port *output);

/* From the beginning on, before pump_observe: what is held is in this, too; not owned.  0, or -1 with errno. */
int pump_use_spool(struct pump *pump, struct spool *spool);

/* Whether all that came whole is in it. */
bool pump_is_spooled(const struct pump *pump);

/* One pass.  Afterwards these say how things stand. */
void pump_pass(struct pump *pump, uint64_t now_ns);
enum pump_input pump_input(const struct pump *pump);
enum outlet_state pump_output(const struct pump *pump);

/* Whether another one can do something without a wait; and what is waited for if not. */
bool pump_is_busy(const struct pump *pump);
enum awaited pump_awaited(const struct pump *pump);

/* What to wait for; what has come of it; that it took so long, before anything else is made of it; or that nothing can
 * be waited for, with the error: what was waited for will never be known to be there. */
void pump_watch(const struct pump *pump, struct loop_watch *input, struct loop_watch *output);
void pump_waited(struct pump *pump, const struct loop_watch *input, const struct loop_watch *output);
void pump_count_wait(struct pump *pump, uint64_t ns);
void pump_cannot_wait(struct pump *pump, int error);

/* The memory of a burst, as queue_trim has it. */
bool pump_trimmable(const struct pump *pump);
bool pump_trim(struct pump *pump);

/* Between two passes of a run that goes on: from now on this is the tuning, which the plan allows.  No record is
 * lost by it, and nothing but values changes: tokens that are there stay (a lesser burst takes those above it),
 * what is paused or under pressure is so by the new watermarks from now on, what waits is as old as it is.  A
 * record that is long enough to be judged by now is judged.  The next pass is due at once. */
void pump_retune(struct pump *pump, const struct tuning *tuning, uint64_t now_ns);

/* For setup.c and replan.c: each user of chance has its own, as it begins; what the gate is to have, by the plan and
 * the tuning; and a bucket for each key, where the rate is to be held for each (no error where it is not; false with
 * errno). */
void setup_chances(const struct plan *plan, struct chance *gates, struct chance *victims);
struct gate_rules setup_gate(const struct pump *pump, struct chance *own, uint64_t salt, uint64_t now_ns);
bool setup_buckets(struct buckets **buckets, bool wanted, const struct rate *rate, uint64_t depth);
bool setup_sampled_keys(struct recent **keys, bool wanted);

/* Whether the next pass would read: there is something to read, and room for it. */
bool pump_wants_input(const struct pump *pump);

/* When the pump wants another pass though nothing has happened; UINT64_MAX for never. */
uint64_t pump_deadline_ns(const struct pump *pump);

/* Whether nothing more will come or go. */
bool pump_done(const struct pump *pump);

/* No more reading, but for the rest of a record that has been begun. */
void pump_stop(struct pump *pump, uint64_t now_ns);

/* After that: not even of one that has been begun. */
void pump_stop_short(struct pump *pump);

/* Whether it reads, or would if it had room. */
bool pump_is_reading(const struct pump *pump);

/* Whether somebody at the other end of the input may have something to say (io_has_producer). */
bool pump_has_producer(const struct pump *pump);

/* Nothing is read any more: closes the input, so that whoever still writes there learns of it, if it is open still.
 * Then: whether it had not ended, and something waited there. */
void pump_close_input(struct pump *pump);
bool pump_left_waiting(const struct pump *pump);

/* Nothing is written any more; what that tells of an earlier write is an error of the output. */
void pump_close_output(struct pump *pump);

/* Whether the input has ended before a frame was whole. */
bool pump_ended_within(const struct pump *pump);

/* Of PUMP_MISFRAMED: the byte of the input, the first is 1, that should begin or end a record of that format. */
uint64_t pump_misframed_at(const struct pump *pump, enum frame_format *wanted);

/* Whether OUTLET_ERROR is that a number does not fit inside a record. */
bool pump_misfit(const struct pump *pump, struct inside_misfit *misfit);

/* errno of PUMP_READ_ERROR, and of OUTLET_ERROR. */
int pump_input_error(const struct pump *pump);
int pump_output_error(const struct pump *pump);

/* Whether part of a record or a mark is out, and part is not; and whether the policy has ended the run. */
bool pump_cut_short(const struct pump *pump);
bool pump_failed(const struct pump *pump);

/* Bytes that wait in the input, or were left there; false where that cannot be told. */
bool pump_unread(const struct pump *pump, uint64_t *bytes);

/* The same of the output's pipe; and whether nobody will read that. */
bool pump_output_unread(const struct pump *pump, uint64_t *bytes);
bool pump_reader_gone(const struct pump *pump);

/* What it was set up with, and how it is tuned as of now; what it has counted (a pause or a pressure that lasts, up to
 * its beginning); the times it keeps, NULL for none; how often the input lost something before it could be read. */
const struct options *pump_options(const struct pump *pump);
const struct tuning *pump_tuning(const struct pump *pump);
const struct ledger *pump_ledger(const struct pump *pump);
struct sojourn *pump_sojourn(const struct pump *pump);
uint64_t pump_overruns(const struct pump *pump);

/* The run is over: what is held is undelivered. */
void pump_close_books(struct pump *pump, uint64_t now_ns);

/* Of the spool, if there is one. */
bool pump_spool(const struct pump *pump, struct spool_figures *figures);

/* What is held; nothing once the books are closed. */
struct tally pump_held(const struct pump *pump);

/* Of what has left the spool, if there is one: what waits in memory, or is in flight, from the oldest on that is not
 * settled. */
struct tally pump_pending(const struct pump *pump);

/* How many bytes of what is held are still to go: once nothing is read any more, not a record whose end never came. */
uint64_t pump_due_bytes(const struct pump *pump);

/* What waits in the buffer, with the bytes that what is in flight takes up of it: not what is being assembled or has not
 * been let in.  Nothing once the books are closed. */
struct tally pump_depth(const struct pump *pump);

/* Time paused, or under pressure, until now: what still lasts included. */
uint64_t pump_paused_ns(const struct pump *pump, uint64_t now_ns);
uint64_t pump_pressure_ns(const struct pump *pump, uint64_t now_ns);

/* Whether there is pressure. */
bool pump_is_pressed(const struct pump *pump);

#endif
