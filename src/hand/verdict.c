/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a batch that COMMAND has taken, or will not: it is out, dropped, or halved.
 */
#include "config.h"

#include "flow/handed.h"
#include "hand/jobs.h"

#include <stdlib.h>
#include <string.h>

static void
save_span(struct jobs *jobs, const struct job *job, size_t offset, size_t length)
{
	char text[16384];

	while (length > 0) {
		size_t step = length < sizeof(text) ? length : sizeof(text);

		if (parcel_read(job->parcel, offset, text, step) < (ssize_t)step)
			return; /* it is counted all the same */
		pump_save_batch(jobs->pump, text, step);
		offset += step;
		length -= step;
	}
}

/* One record, as it came. */
static void
save_record(struct jobs *jobs, const struct job *job, const struct flight_record *saved)
{
	char head[FRAME_HEAD_MOST];
	const size_t anew = pump_head_as_it_came(jobs->pump, saved, head);

	if (anew > 0)
		pump_save_batch(jobs->pump, head, anew);
	save_span(jobs, job, (size_t)saved->wire - saved->length + anew, saved->length - anew);
	pump_end_saved(jobs->pump);
}

/* One record, for those who count what is lost by what is in it; where there is no memory it is not. */
static void
look_at(struct jobs *jobs, const struct job *job, const struct flight_record *lost)
{
	char *record = malloc(lost->length), head[FRAME_HEAD_MOST];
	const size_t anew = pump_head_as_it_came(jobs->pump, lost, head);

	if (record != NULL && parcel_read(job->parcel, (size_t)lost->wire - lost->length, record, lost->length) ==
	    (ssize_t)lost->length) {
		memcpy(record, head, anew);
		pump_look_at(jobs->pump, record, lost->length);
	}
	free(record);
}

/* It is dropped, and what of it are records is saved. */
static void
reject(struct jobs *jobs, struct job *job, uint64_t now_ns)
{
	const struct flight_load *load = &job->load;
	const bool looks = pump_looks_at_batch(jobs->pump);

	pump_describe_batch(jobs->pump, load, job->runs);
	for (size_t i = 0; i < load->count; i++) {
		save_record(jobs, job, &load->list[i]);
		if (looks)
			look_at(jobs, job, &load->list[i]);
	}
	if (load->list == NULL)
		save_span(jobs, job, 0, (size_t)load->sum.bytes);
	pump_reject_batch(jobs->pump, load->number, load->sum, now_ns);
	jobs_let_go(jobs, job);
}

/* The part of a list from `from` on, count records: their ends are counted from `begin`. */
static bool
take_part(struct flight_load *part, const struct flight_load *load, size_t from, size_t count, uint64_t begin)
{
	*part = (struct flight_load){ .number = load->number, .list = malloc(count * sizeof(*part->list)), .count = count };
	if (part->list == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		part->list[i] = load->list[from + i];
		part->list[i].wire -= begin;
		ledger_count(&part->sum, 1, part->list[i].length);
	}
	part->first = part->list[0].serial;
	part->last = part->list[count - 1].serial;
	return true;
}

static struct job *
make_part(const struct job *whole, size_t from, size_t count, size_t begin, size_t end)
{
	struct job *part = calloc(1, sizeof(*part));

	if (part == NULL)
		return NULL;
	*part = (struct job){ .parts = whole->parts, .part = true, .runs = whole->runs, .timeout_ns = UINT64_MAX };
	if (!take_part(&part->load, &whole->load, from, count, begin) ||
	    (part->parcel = parcel_new()) == NULL ||
	    !parcel_copy(part->parcel, whole->parcel, begin, end - begin) || !parcel_seal(part->parcel)) {
		job_free(part);
		return NULL;
	}
	return part;
}

/* In its place are two halves, each to be tried by itself.  False where there is no memory for them. */
static bool
halve(struct jobs *jobs, struct job *job)
{
	const size_t half = job->load.count / 2;
	const size_t cut = (size_t)job->load.list[half - 1].wire;
	struct job *first = make_part(job, 0, half, 0, cut);
	struct job *second = first == NULL ? NULL
	    : make_part(job, half, job->load.count - half, cut, (size_t)parcel_length(job->parcel));
	struct job **link = &jobs->oldest;

	if (second == NULL) {
		if (first != NULL)
			job_free(first);
		return false;
	}
	while (*link != job)
		link = &(*link)->next;
	*link = first;
	first->next = second;
	second->next = job->next;
	++*job->parts;
	job_free(job);
	jobs_find_last(jobs);
	return true;
}

void
jobs_give_up(struct jobs *jobs, struct job *job, uint64_t now_ns)
{
	if (jobs->rules->bisect && job->load.count > 1 && halve(jobs, job))
		return;
	reject(jobs, job, now_ns);
}

void
jobs_confirm(struct jobs *jobs, struct job *job, uint64_t now_ns)
{
	breaker_succeeded(jobs->breaker, now_ns);
	jobs->figures.batches++;
	pump_confirm_batch(jobs->pump, job->load.number, job->load.sum);
	jobs_let_go(jobs, job);
}
