/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports for programs as exact strings: what they read must not change by accident. */
#include "../report.h"

static void
all(void)
{
	begin();
	options.format = FORMAT_JSON;
	options.sample = (struct share){ 333, 500 };
	options.rated = true;
	options.rate = (struct rate){ 1, 2000000, false };
	options.sample_by = SAMPLE_BY_RANDOM;
	options.policing = true;
	options.police = (struct rate){ 1, 100, true };
	options.max_age_ns = 501;
	options.collapse_ns = 504;
	snapshot.ledger = (struct ledger){
		.recovered = { 61, 62 }, .kept = { 63, 64 },
		.in = { 168, 1680 }, .out = { 50, 500 }, .undelivered = { 25, 250 }, .peak = { 7, 77 },
		.dropped = { { 1, 10 }, { 2, 20 }, { 3, 30 }, { 4, 40 }, { 5, 50 }, { 6, 60 }, { 7, 70 }, { 8, 80 },
		    { 9, 90 }, { 10, 100 }, { 11, 110 }, { 12, 120 }, { 13, 130 }, { 14, 140 } }, .marks = { 5, 55 }, .added_bytes = 56,
		.sent = { 57, 58 }, .redelivered = { 59, 60 },
		.paused_count = 8, .paused_ns = 88, .waited_ns = { 11, 12, 13, 14, 17 }, .halted_count = 15, .halted_ns = 16,
		.pressure_count = 9, .pressure_ns = 99,
	};
	options.max_records = 1001;
	snapshot.halted = true;
	snapshot.held = (struct tally){ 15, 150 };
	snapshot.in_flight = (struct tally){ 13, 130 };
	snapshot.depth = (struct tally){ 14, 140 };
	snapshot.unsaved = (struct tally){ 6, 66 };
	snapshot.latency = (struct latency){ 50, 101, 102, 103, 104, 105, 0, 0 };
	snapshot.interval = (struct interval){ 2 * NS_PER_S, { 202, 204 }, { 206, 208 }, { 210, 212 }, 301, 302,
		{ 303, 304, 305, 306 }, { 20, 106, 107, 108, 109, 110, 0, 0 }, true };
	snapshot.waits_ns = 400;
	snapshot.until_full_ns = 401;
	snapshot.until_empty_ns = 402;
	snapshot.reports_skipped = 403;
	snapshot.unread_known = snapshot.unread_input_known = true;
	snapshot.unread_bytes = 4096;
	snapshot.unread_input_bytes = 4097;
	snapshot.exit_status = 141;
	snapshot.exit_reason = "reader gone";
	snapshot.wall_ns = UINT64_C(1769860800) * NS_PER_S + 45 * NS_PER_MS;
	snapshot.pid = 502;
	snapshot.host = "a\"b";
	hand_over("./lo\"ad");
	snapshot.reader = (struct reader_figures){ .command = options.reader.command[0], .confirm = "exit", .phase = READER_RETRYING,
		.running = 601, .starts = 602, .failures = 603, .tries = 604, .next_try_ns = 605, .ignored = 606, .open = true,
		.opened = 607, .open_ns = 608, .status = 75, .batches = 609 };
	options.spool_path = "./sp\"ool";
	snapshot.has_spool = true;
	snapshot.spool = (struct spool_figures){ .id = "0123", .most = 701, .bytes = 702, .segments = 703, .ahead = { 704, 705 },
		.read_back = 706, .syncs = 707, .longest_ns = 708, .failures = 709, .unclean = true };
	snapshot.oldest_ns = 710;
	snapshot.synced_ns = 711;
	is_text(line(),
	    "{\"schema\":1,\"event\":\"final\",\"time\":\"2026-01-31T12:00:00.045Z\",\"name\":\"weir\",\"pid\":502,"
	    "\"host\":\"a\\\"b\",\"policy\":\"drop-oldest\",\"sample\":\"66.6%\","
	    "\"rate\":\"500/s\",\"sample_by\":\"random\",\"drop_over\":\"10000000B/s\",\"collapse_ns\":504,\"max_age_ns\":501,"
	    "\"framing\":\"lines\",\"elapsed_ns\":3204567890,"
	    "\"recovered\":{\"records\":61,\"bytes\":62},"
	    "\"in\":{\"records\":168,\"bytes\":1680},\"out\":{\"records\":50,\"bytes\":500},"
	    "\"dropped\":{\"records\":105,\"bytes\":1050,\"by\":{\"oldest\":{\"records\":1,\"bytes\":10},"
	    "\"newest\":{\"records\":2,\"bytes\":20},\"oversize\":{\"records\":3,\"bytes\":30},"
	    "\"sample\":{\"records\":4,\"bytes\":40},"
	    "\"superseded\":{\"records\":5,\"bytes\":50},"
	    "\"random\":{\"records\":6,\"bytes\":60},"
	    "\"shed\":{\"records\":7,\"bytes\":70},"
	    "\"codel\":{\"records\":8,\"bytes\":80},"
	    "\"over\":{\"records\":9,\"bytes\":90},"
	    "\"expired\":{\"records\":10,\"bytes\":100},"
	    "\"rejected\":{\"records\":11,\"bytes\":110},"
	    "\"gone\":{\"records\":12,\"bytes\":120},"
	    "\"corrupt\":{\"records\":13,\"bytes\":130},\"purged\":{\"records\":14,\"bytes\":140},"
	    "\"fair\":{\"records\":0,\"bytes\":0},"
	    "\"repeated\":{\"records\":0,\"bytes\":0}}},"
	    "\"keep\":[],\"key\":{\"asked\":0,\"found\":0},\"top_keys\":[],"
	    "\"dropped_unsaved\":{\"records\":6,\"bytes\":66},\"marks\":{\"records\":5,\"bytes\":55},"
	    "\"added_bytes\":56,\"outside_weights\":null,\"held\":{\"records\":15,\"bytes\":150},"
	    "\"in_flight\":{\"records\":13,\"bytes\":130},\"undelivered\":{\"records\":25,\"bytes\":250},"
	    "\"kept\":{\"records\":63,\"bytes\":64},"
	    "\"sent\":{\"records\":57,\"bytes\":58},\"redelivered\":{\"records\":59,\"bytes\":60},"
	    "\"buffer\":{\"capacity_bytes\":1048576,\"capacity_records\":1001,\"depth_bytes\":140,"
	    "\"depth_records\":14,\"peak_bytes\":77,\"peak_records\":7,\"high_bytes\":1048576,"
	    "\"low_bytes\":524288,\"oldest_ns\":400,\"until_full_ns\":401,\"until_empty_ns\":402},"
	    "\"paused\":{\"count\":8,\"ns\":88},\"pressure\":{\"count\":9,\"ns\":99},"
	    "\"halted\":{\"now\":true,\"count\":15,\"ns\":16},"
	    "\"waited_ns\":{\"input\":11,\"output\":12,\"rate\":13,\"halted\":14,\"settle\":17},"
	    "\"latency_ns\":{\"p50\":101,\"p90\":102,\"p95\":103,\"p99\":104,\"max\":105},"
	    "\"interval\":{\"ns\":2000000000,\"in_per_s\":{\"records\":101,\"bytes\":102},"
	    "\"out_per_s\":{\"records\":103,\"bytes\":104},\"dropped_per_s\":{\"records\":105,\"bytes\":106},"
	    "\"paused_ns\":301,\"pressure_ns\":302,\"waited_ns\":{\"input\":303,\"output\":304,\"rate\":305,\"halted\":306,\"settle\":0},"
	    "\"latency_ns\":{\"p50\":106,\"p90\":107,\"p95\":108,\"p99\":109,\"max\":110}},"
	    "\"reports_skipped\":403,\"unread_bytes\":4096,\"unread_input_bytes\":4097,"
	    "\"reader\":{\"command\":\"./lo\\\"ad\",\"confirm\":\"exit\",\"fell_back\":false,\"state\":\"retrying\","
	    "\"running\":601,\"starts\":602,\"failures\":603,\"batches\":609,\"ignored\":606,\"tries\":604,"
	    "\"next_try_ns\":605,\"status\":75,\"breaker\":{\"open\":true,\"opened\":607,\"open_ns\":608}},"
	    "\"spool\":{\"dir\":\"./sp\\\"ool\",\"id\":\"0123\",\"capacity_bytes\":701,\"bytes\":702,\"segments\":703,"
	    "\"on_disk_only\":{\"records\":704,\"bytes\":705},\"read_back_bytes\":706,\"oldest_ns\":710,\"syncs\":707,"
	    "\"since_sync_ns\":711,\"longest_sync_ns\":708,\"failures\":709,\"unclean\":true,\"replayed\":false},"
	    "\"exit\":{\"status\":141,\"reason\":\"reader gone\"}}\n",
	    "a number of its own at every key");
}

/* Each number is beyond 2^53, where a double or 32 bits would show. */
static void
much(void)
{
	const uint64_t much = (UINT64_C(1) << 53) + 1;
	char want[32];
	const char *text;
	unsigned found = 0;

	begin();
	options.format = FORMAT_JSON;
	options.buffer_bytes = options.high_bytes = options.low_bytes = much;
	snapshot.ledger = (struct ledger){
		.in = { much, much }, .out = { much, much }, .undelivered = { much, much }, .peak = { much, much },
		.dropped = { { much, much } }, .sent = { much, much }, .redelivered = { much, much }, .added_bytes = much,
		.paused_count = much, .paused_ns = much, .waited_ns = { much, much, much },
	};
	snapshot.held = (struct tally){ much, much };
	snapshot.elapsed_ns = much;
	snapshot.unread_known = true;
	snapshot.unread_bytes = much;
	snapshot.in_flight = snapshot.held;
	hand_over("./lo\"ad");
	snapshot.reader = (struct reader_figures){ .confirm = "read", .running = much, .starts = much, .failures = much,
		.tries = much, .next_try_ns = much, .ignored = much, .opened = much, .open_ns = much, .batches = much };
	(void)snprintf(want, sizeof(want), ":%" PRIu64, much);
	for (text = line(); (text = strstr(text, want)) != NULL; text++)
		found++;
	is(found, 40, "no number is cut");
	snapshot.unread_bytes = 0;
	ok(strstr(line(), "\"unread_bytes\":0,") != NULL, "that nothing is unread is known");
}

/* Of whom there is little to say. */
static void
readers(void)
{
	static const struct {
		enum reader_phase phase;
		const char *text;
	} phases[] = {
		{ READER_IDLE, "\"state\":\"idle\"," }, { READER_RETRYING, "\"state\":\"retrying\"," },
		{ READER_RUNNING, "\"state\":\"running\"," }, { READER_FINISHING, "\"state\":\"finishing\"," },
		{ READER_OVER, "\"state\":\"over\"," },
	};

	begin();
	options.format = FORMAT_JSON;
	hand_over("./lo\"ad");
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		snapshot.reader.phase = phases[i].phase;
		ok(strstr(line(), phases[i].text) != NULL, "%s", phases[i].text);
	}
	snapshot.reader.command = NULL;
	snapshot.reader.confirm = "written";
	snapshot.reader.fell_back = true;
	ok(strstr(line(), "\"reader\":{\"command\":null,\"confirm\":\"written\",\"fell_back\":true,") != NULL,
	    "one that weir does not start has no command");
	ok(strstr(line(), ",\"next_try_ns\":null,\"status\":null,\"breaker\":{\"open\":false,\"opened\":0,\"open_ns\":0}},") != NULL,
	    "nor does it end");
	snapshot.reader.status = 0;
	ok(strstr(line(), ",\"status\":0,") != NULL, "to end with 0 is something else");
	snapshot.reader.next_try_ns = 0;
	ok(strstr(line(), ",\"next_try_ns\":0,") != NULL, "as is a try that is due");
}

static void
nothing(void)
{
	begin();
	options.format = FORMAT_JSON;
	options.policy = POLICY_BLOCK;
	options.framing.kind = FRAMING_NULL;
	options.name = "a \"b\" \\c %s";
	snapshot.event = REPORT_SIGNAL;
	snapshot.ledger = (struct ledger){ .in = { 0, 0 } };
	snapshot.elapsed_ns = 0;
	is_text(line(),
	    "{\"schema\":1,\"event\":\"signal\",\"time\":\"1970-01-01T00:00:00.000Z\","
	    "\"name\":\"a \\\"b\\\" \\\\c %s\",\"pid\":0,\"host\":null,\"policy\":\"block\","
	    "\"sample\":\"1\",\"rate\":null,\"sample_by\":\"count\",\"drop_over\":null,\"collapse_ns\":null,\"max_age_ns\":null,"
	    "\"framing\":\"null\",\"elapsed_ns\":0,"
	    "\"recovered\":{\"records\":0,\"bytes\":0},"
	    "\"in\":{\"records\":0,\"bytes\":0},\"out\":{\"records\":0,\"bytes\":0},"
	    "\"dropped\":{\"records\":0,\"bytes\":0,\"by\":{\"oldest\":{\"records\":0,\"bytes\":0},"
	    "\"newest\":{\"records\":0,\"bytes\":0},\"oversize\":{\"records\":0,\"bytes\":0},"
	    "\"sample\":{\"records\":0,\"bytes\":0},"
	    "\"superseded\":{\"records\":0,\"bytes\":0},"
	    "\"random\":{\"records\":0,\"bytes\":0},"
	    "\"shed\":{\"records\":0,\"bytes\":0},"
	    "\"codel\":{\"records\":0,\"bytes\":0},"
	    "\"over\":{\"records\":0,\"bytes\":0},"
	    "\"expired\":{\"records\":0,\"bytes\":0},"
	    "\"rejected\":{\"records\":0,\"bytes\":0},"
	    "\"gone\":{\"records\":0,\"bytes\":0},"
	    "\"corrupt\":{\"records\":0,\"bytes\":0},\"purged\":{\"records\":0,\"bytes\":0},"
	    "\"fair\":{\"records\":0,\"bytes\":0},"
	    "\"repeated\":{\"records\":0,\"bytes\":0}}},"
	    "\"keep\":[],\"key\":{\"asked\":0,\"found\":0},\"top_keys\":[],"
	    "\"dropped_unsaved\":{\"records\":0,\"bytes\":0},\"marks\":{\"records\":0,\"bytes\":0},"
	    "\"added_bytes\":0,\"outside_weights\":null,\"held\":{\"records\":0,\"bytes\":0},"
	    "\"in_flight\":{\"records\":0,\"bytes\":0},\"undelivered\":{\"records\":0,\"bytes\":0},"
	    "\"kept\":{\"records\":0,\"bytes\":0},"
	    "\"sent\":{\"records\":0,\"bytes\":0},\"redelivered\":{\"records\":0,\"bytes\":0},"
	    "\"buffer\":{\"capacity_bytes\":1048576,\"capacity_records\":null,\"depth_bytes\":0,"
	    "\"depth_records\":0,\"peak_bytes\":0,\"peak_records\":0,\"high_bytes\":1048576,"
	    "\"low_bytes\":524288,\"oldest_ns\":null,\"until_full_ns\":null,\"until_empty_ns\":null},"
	    "\"paused\":{\"count\":0,\"ns\":0},\"pressure\":{\"count\":0,\"ns\":0},"
	    "\"halted\":{\"now\":false,\"count\":0,\"ns\":0},"
	    "\"waited_ns\":{\"input\":0,\"output\":0,\"rate\":0,\"halted\":0,\"settle\":0},"
	    "\"latency_ns\":{\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,\"max\":null},"
	    "\"interval\":{\"ns\":0,\"in_per_s\":{\"records\":0,\"bytes\":0},"
	    "\"out_per_s\":{\"records\":0,\"bytes\":0},\"dropped_per_s\":{\"records\":0,\"bytes\":0},"
	    "\"paused_ns\":0,\"pressure_ns\":0,\"waited_ns\":{\"input\":0,\"output\":0,\"rate\":0,\"halted\":0,\"settle\":0},"
	    "\"latency_ns\":{\"p50\":null,\"p90\":null,\"p95\":null,\"p99\":null,\"max\":null}},"
	    "\"reports_skipped\":0,\"unread_bytes\":null,\"unread_input_bytes\":null,"
	    "\"reader\":null,\"spool\":null,\"exit\":{\"status\":null,\"reason\":null}}\n",
	    "every key is there; quotes and backslashes in the name are escaped");
	options.framing.kind = FRAMING_FIXED;
	ok(strstr(line(), "\"framing\":\"fixed\"") != NULL, "framing by its name");
	options.rated = true;
	options.rate = (struct rate){ 1, 100, true };
	ok(strstr(line(), "\"rate\":\"10000000B/s\"") != NULL, "a rate in bytes");
	options.sample = (struct share){ 1, 10 };
	ok(strstr(line(), "\"sample\":\"10\"") != NULL, "one in ten");
}

#ifdef HAVE_PCRE2
static void
kept(void)
{
	static const char *const regex[] = { "A\"\\d", "\t" };

	begin();
	options.format = FORMAT_JSON;
	options.keep = patterns(regex, 2);
	snapshot.ledger.dropped_class[0] = (struct tally){ 70, 71 };
	snapshot.ledger.dropped_class[1] = (struct tally){ 72, 73 };
	snapshot.ledger.dropped_class[2] = (struct tally){ 1, 74 };
	snapshot.keep_looks[2] = (struct looks){ 5, 3 };
	ok(strstr(line(), "\"keep\":[{\"pattern\":\"A\\\"\\\\d\",\"asked\":5,\"matched\":3,\"dropped\":{\"records\":1,\"bytes\":74}},"
	    "{\"pattern\":\"\\\\011\",\"asked\":0,\"matched\":0,\"dropped\":{\"records\":72,\"bytes\":73}}],") != NULL,
	    "by pattern, the first one first, with escapes escaped");
	keep_free(options.keep);
}
#endif

static void
keys(void)
{
	struct top *top = top_new(3);

	must(top != NULL);
	begin();
	options.format = FORMAT_JSON;
	options.top_keys = 3;
	snapshot.top = top;
	top_count(top, "a\"\\\0\n\377 ", 7, 5);
	top_count(top, NULL, 0, 4);
	top_count(top, "b", 1, 3);
	top_count(top, "c", 1, 2);
	ok(strstr(line(), "\"top_keys\":[{\"key\":\"a\\\"\\\\\\\\000\\\\012\\\\377 \",\"dropped\":5,\"error\":0},"
	    "{\"key\":\"\",\"dropped\":4,\"error\":0},{\"key\":\"b\",\"dropped\":3,\"error\":0}],") != NULL,
	    "the keys that lost most, as many as are wanted, with escapes escaped");
	snapshot.event = REPORT_INTERVAL;
	ok(strstr(line(), "\"top_keys\":[],") != NULL, "not before the end");
	top_free(top);
}

int
main(void)
{
	all();
	much();
	readers();
	nothing();
#ifdef HAVE_PCRE2
	kept();
#endif
	keys();
	return done_testing();
}
