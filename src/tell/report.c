/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/line.h"
#include "tell/handover.h"
#include "tell/json.h"
#include "tell/report.h"
#include "tell/text.h"

#include <inttypes.h>

size_t
report_line(char *text, const struct snapshot *snapshot)
{
	struct line line = { text, 0, REPORT_MOST };

	switch (snapshot->options->format) {
	case FORMAT_TEXT:
	case FORMAT_JOURNAL:
		text_write(&line, snapshot);
		handover_write(&line, snapshot);
		break;
	case FORMAT_JSON:
		json_write(&line, snapshot);
		break;
	}
	line_add(&line, "\n");
	return line.length;
}

void
report_loss(char *text, const struct snapshot *snapshot)
{
	const struct ledger *ledger = &snapshot->ledger;
	struct line line = { text, 0, REPORT_LOSS_MOST };
	uint64_t records = ledger_dropped(ledger).records;

	if (records > 0)
		line_add(&line, "dropped %" PRIu64 " of %" PRIu64 " records (", records, ledger->in.records);
	else
		line_add(&line, "dropped part of a record (");
	text_loss(&line, ledger);
	line_add(&line, ")");
}
