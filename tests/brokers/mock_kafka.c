/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mock_kafka: the mock cluster of librdkafka, as a process: a broker on a free port of 127.0.0.1, with what it has in memory.
 *
 *   mock_kafka PORT
 *
 * The number of its port goes to the file PORT, which appears complete.  The topic is "log", with one partition.  At USR1 the
 * broker goes down: its connections break, and it takes no more of them.  At USR2 it comes up again, with what it had, as a
 * broker has that was killed and begins again.  It is compiled by the test that uses it: cc mock_kafka.c -lrdkafka.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what)
{
	fprintf(stderr, "mock_kafka: %s\n", what);
	return 1;
}

static int say_port(const char *path, const char *address)
{
	const char *colon = strrchr(address, ':');
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof temporary, "%s.new", path);
	file = fopen(temporary, "w");
	if (colon == NULL || file == NULL || fprintf(file, "%s\n", colon + 1) < 0 || fclose(file) != 0 || rename(temporary, path) < 0)
		return fail(path);
	return 0;
}

int main(int argc, char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_mock_cluster_t *cluster;
	char why[512];
	rd_kafka_t *client;
	sigset_t set;
	int signal_number;

	/* Before its threads are there. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);

	client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	if (client == NULL)
		return fail(why);
	cluster = rd_kafka_mock_cluster_new(client, 1);
	if (cluster == NULL || rd_kafka_mock_topic_create(cluster, "log", 1, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail("no cluster");
	if (argc != 2 || say_port(argv[1], rd_kafka_mock_cluster_bootstraps(cluster)) != 0)
		return fail("usage: mock_kafka PORT");
	while (sigwait(&set, &signal_number) == 0 && signal_number != SIGTERM) {
		if (signal_number == SIGUSR1)
			rd_kafka_mock_broker_set_down(cluster, 1);
		else
			rd_kafka_mock_broker_set_up(cluster, 1);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(client);
	return 0;
}
