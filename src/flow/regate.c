/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of an intake: its gate becomes another one while a record is on its way in.
 */
#include "config.h"

#include "flow/intake.h"
#include "flow/judging.h"

/* The gate has changed; `anew`: so has what it leaves out unseen. */
static void
settle_open(struct intake *intake, struct queue *queue, struct loss *loss, bool anew)
{
	if (anew) {
		intake->counted_out = false;
		/* it is drawn behind what has been begun, as ever; but one of the first draws none */
		intake->gap = intake->open == 0 || intake_is_header(intake, loss_ledger(loss)) ? gate_next(&intake->gate) : 0;
	}
	if (intake->open >= intake->gate.rules.judge_at)
		(void)intake_judge_open(intake, queue, loss, false);
}

/* Of one that has been begun: what goes on to leave goes on, however long it is. */
static void
reform_header(struct intake *intake, const struct gate_rules *rules)
{
	const bool begun = intake->open > 0 && intake->heading != NULL && queue_sends_unread(intake->heading);

	intake->any_length = begun && rules->max_record != UINT64_MAX;
	if (!begun && intake->open > rules->max_record)
		intake_refuse_header(intake);
}

void
intake_reform(struct intake *intake, struct queue *queue, struct loss *loss, const struct gate_rules *rules,
    const struct gate_tuning *tuning, uint64_t now_ns)
{
	const bool anew = gate_reform(&intake->gate, rules, tuning, now_ns);
	const bool begun = queue_sends_unread(queue);
	size_t gap = 0;

	intake->ends_run &= rules->ends_run;
	if (intake->over)
		return; /* nothing more is taken, by whatever gate */
	if (intake_is_header(intake, loss_ledger(loss)))
		reform_header(intake, rules);
	else if (intake->open > 0 && !intake->skipping && intake->framing.kind != FRAMING_BYTES) {
		intake->let_in = intake->gate.judges && (begun || intake->let_in);
		intake->any_length = begun && rules->max_record != UINT64_MAX;
		if (!begun && intake->open > rules->max_record)
			intake_give_up(intake, queue, loss, REASON_OVERSIZE, &gap);
		if (!intake->weighed && !intake->gate.judges && intake->weights != NULL) {
			weights_come(intake->weights, WEIGHT_ONE); /* nobody has asked about it, nor will */
			intake->weighed = true;
		}
	}
	settle_open(intake, queue, loss, anew);
}

void
intake_retune(struct intake *intake, struct queue *queue, struct loss *loss, const struct gate_tuning *tuning,
    uint64_t now_ns)
{
	settle_open(intake, queue, loss, gate_retune(&intake->gate, tuning, now_ns));
}
