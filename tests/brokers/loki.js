// SPDX-License-Identifier: BSD-2-Clause
//
// The push API of Loki, and as much of query_range as a reader needs, on 127.0.0.1: node loki.js PORT FILE [WORD=N]...
// What it takes is a line of FILE, time, tab, line, before it answers 204; what is there with the same time is not taken again.  A line
// of more than 256 KB, and one an hour older than the newest, is not taken: 400, though the others of the call are.  Every so
// many-th call is 429, with Retry-After (busy=N); a body of more than limit=BYTES is 413, and each other time 500, as where the parts of
// Loki cannot tell it each other.
'use strict';
const http = require('http');
const fs = require('fs');
const [port, path, ...words] = process.argv.slice(2);
const set = Object.fromEntries(words.map((word) => word.split('=')).map(([name, n]) => [name, Number(n)]));
const file = fs.openSync(path, 'a+');
const known = new Set();
let calls = 0, large = 0, newest = 0n;

function remember(entry) {
	const time = BigInt(entry.slice(0, entry.indexOf('\t')));
	known.add(entry);
	if (time > newest)
		newest = time;
}

function push(body) {
	if (set.limit && body.length > set.limit)
		return ++large % 2 === 0 ? [500, 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max\n'] : [413, ''];
	if (set.busy && ++calls % set.busy === 0)
		return [429, 'Ingestion rate limit exceeded\n', { 'Retry-After': '7' }];
	const taken = [];
	let refused = 0;
	for (const { stream, values } of JSON.parse(body).streams) {
		if (Object.keys(stream).length < 1)
			return [400, 'error at least one label pair is required per stream\n'];
		for (const [time, line] of values) {
			const entry = `${time}\t${line}`;
			if (line.length > 256 << 10 || BigInt(time) + 3600000000000n < newest) {
				refused++;
			} else if (!known.has(entry)) {
				remember(entry);
				taken.push(entry, '\n');
			}
		}
	}
	let rest = Buffer.from(taken.join(''));
	while (rest.length > 0)
		rest = rest.subarray(fs.writeSync(file, rest));
	return refused ? [400, `${refused} entries were not taken\n`] : [204, ''];
}

function query(url) {
	const start = BigInt(url.searchParams.get('start')), limit = Number(url.searchParams.get('limit'));
	const found = [...known].map((entry) => [entry.slice(0, entry.indexOf('\t')), entry.slice(entry.indexOf('\t') + 1)])
		.filter(([time]) => BigInt(time) >= start).sort((a, b) => (BigInt(a[0]) < BigInt(b[0]) ? -1 : 1)).slice(0, limit);
	return [200, JSON.stringify({ status: 'success', data: { resultType: 'streams', result: found.length ? [{ stream: {}, values: found }] : [] } })];
}

fs.readFileSync(path, 'utf8').split('\n').filter(Boolean).forEach(remember);
http.createServer((request, response) => {
	const parts = [], url = new URL(request.url, 'http://localhost');
	request.on('data', (part) => parts.push(part));
	request.on('error', () => {});
	request.on('end', () => {
		let answer = [404, ''];
		try {
			if (request.method === 'POST' && url.pathname === '/loki/api/v1/push')
				answer = push(Buffer.concat(parts));
			else if (url.pathname === '/loki/api/v1/query_range')
				answer = query(url);
		} catch (error) {
			answer = [400, `${error}\n`];
		}
		response.writeHead(answer[0], answer[2]);
		response.end(answer[1]);
	});
}).listen(Number(port), '127.0.0.1');
