/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread of libmicrohttpd answers all requests, one after the other; the other waits for a signal.  Weirs are asked when
 * somebody asks for a page, and not again within a second, so that nobody can have them asked without end.
 */
#include "config.h"

#include "ctl/serve.h"
#include "os/diag.h"

#ifdef HAVE_MICROHTTPD

#include "base/units.h"
#include "ctl/choose.h"
#include "ctl/exposition.h"
#include "ctl/web.h"
#include "os/loop.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Figures are no older; a bit less than a second, for those who ask every second. */
#define FRESH_NS (NS_PER_S * 9 / 10)

/* So many may be connected, and do nothing for so long; and so much memory a connection has. */
#define CONNECTIONS_MOST 64
#define SECONDS_MOST 10
#define CONNECTION_MEMORY 16384

struct served {
	struct survey survey;
	uint64_t asked_ns;
};

struct content {
	char *text; /* malloc'd, or NULL where there was no memory */
	size_t length;
};

/* --- what is answered ---------------------------------------------------------------------------- */

static void
ask_anew(struct served *served)
{
	const uint64_t now_ns = loop_now();

	if (now_ns < served->asked_ns + FRESH_NS)
		return;
	served->asked_ns = now_ns;
	(void)survey_take_all(&served->survey); /* the last ones stay, where it fails */
}

static void
write_metrics(FILE *page, struct served *served)
{
	ask_anew(served);
	exposition_write(page, &served->survey);
}

static void
write_page(FILE *page, struct served *served)
{
	struct stages stages;

	ask_anew(served);
	if (!stages_find(&stages, &served->survey))
		return;
	web_write(page, &stages);
	stages_free(&stages);
}

static void
write_health(FILE *page, struct served *served)
{
	(void)served;
	(void)fputs("ok\n", page);
}

static const struct path {
	const char *path, *type;
	void (*write)(FILE *page, struct served *served);
} paths[] = {
	{ "/", "text/html; charset=utf-8", write_page },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics },
	{ "/healthz", "text/plain; charset=utf-8", write_health },
};

static const struct path *
find_path(const char *url)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i].path, url) == 0)
			return &paths[i];
	return NULL;
}

static struct content
content_of(const struct path *path, struct served *served)
{
	struct content content = { NULL, 0 };
	FILE *page = open_memstream(&content.text, &content.length);

	if (page == NULL)
		return content;
	path->write(page, served);
	if (fclose(page) == 0)
		return content;
	free(content.text);
	return (struct content){ NULL, 0 };
}

/* --- HTTP ---------------------------------------------------------------------------------------- */

/* Nothing from elsewhere, nowhere else; and nothing is kept, for it is true for a second. */
static const char *const headers[][2] = {
	{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
	{ "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

/* The text is malloc'd, and the response's from here on. */
static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type, struct content content)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(content.length, content.text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (response == NULL) {
		free(content.text);
		return MHD_NO;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
	char *text = strdup(why);

	return text == NULL ? MHD_NO : answer(connection, status, "text/plain; charset=utf-8",
	    (struct content){ text, strlen(text) });
}

static bool
is_read_only(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result
handle(void *state, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *body, size_t *length, void **request)
{
	static char begun;
	const struct path *path = find_path(url);
	struct content content;

	(void)version;
	(void)body;
	if (!listening_is_local(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST)))
		return refuse(connection, MHD_HTTP_FORBIDDEN, "The header Host has to name this machine's loopback.\n");
	if (!is_read_only(method))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Nothing can be changed here.\n");
	if (path == NULL)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "There are /, /metrics and /healthz.\n");
	if (*request == NULL) { /* the headers are here; the next call is for what is behind them */
		*request = &begun;
		return MHD_YES;
	}
	if (*length > 0) {
		*length = 0;
		return MHD_YES;
	}
	content = content_of(path, state);
	if (content.text == NULL)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "There is no memory.\n");
	return answer(connection, MHD_HTTP_OK, path->type, content);
}

/* --- the program --------------------------------------------------------------------------------- */

/* Those that end it: blocked in all threads, so that one can wait for them. */
static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int
serve(int fd, const char *at, struct served *served)
{
	struct MHD_Daemon *daemon;
	sigset_t set;
	int signal;

	block_signals(&set);
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, handle, served,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (daemon == NULL) {
		diag_errno(errno, "serve: %s", at);
		(void)close(fd);
		return CTL_BAD;
	}
	diag_note("serving http://%s/", at);
	(void)sigwait(&set, &signal);
	MHD_stop_daemon(daemon);
	return CTL_GOOD;
}

static int
listen_and_serve(const char *address)
{
	struct served served = { .asked_ns = loop_now() };
	char at[LISTENING_TEXT];
	const int fd = listening_open(address, at);
	int status;

	if (fd < 0 && errno == EINVAL) {
		diag_error("--listen: %s: not an address of the loopback; accepted: " LISTENING_ACCEPTED, diag_visible(address));
		return CTL_USAGE;
	}
	if (fd < 0) {
		diag_errno(errno, "--listen: %s", diag_visible(address));
		return CTL_BAD;
	}
	survey_begin(&served.survey);
	if (!survey_take_all(&served.survey)) { /* the first figures to compare others with */
		choose_say_no_sockets(errno);
		(void)close(fd);
		return CTL_BAD;
	}
	status = serve(fd, at, &served);
	survey_end(&served.survey);
	return status;
}

int
serve_run(const struct asked *asked)
{
	if (!tree_is_possible()) {
		diag_error("serve: " TREE_IMPOSSIBLE);
		return CTL_BAD;
	}
	return listen_and_serve(asked->on[WORD_LISTEN] ? asked->value[WORD_LISTEN] : SERVE_DEFAULT);
}

#else

int
serve_run(const struct asked *asked)
{
	(void)asked;
	diag_error("serve: this weirctl was built without libmicrohttpd");
	return CTL_BAD;
}

#endif
