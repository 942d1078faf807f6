// SPDX-License-Identifier: BSD-2-Clause
//
// A server of HTTP/2 without TLS on 127.0.0.1: node h2.js PORT FILE LINES
// GET /lines is answered with LINES lines of 1000 bytes, its number in each, as fast as they are taken. The body of each other request is appended to FILE as it comes, of "/stream", or when it is whole, before the answer, of any other.
'use strict';
const http2 = require('http2');
const fs = require('fs');
const { Readable } = require('stream');
const file = fs.openSync(process.argv[3], 'a');
const server = http2.createServer();
function* lines(many) {
	for (let i = 1; i <= many; i++)
		yield String(i).padStart(999, '0') + '\n';
}
server.on('stream', (stream, headers) => {
	if (headers[':path'] === '/lines') {
		stream.respond({ ':status': 200 });
		stream.on('error', () => {});
		Readable.from(lines(Number(process.argv[4])), { objectMode: false, highWaterMark: 16384 }).pipe(stream);
		return;
	}
	const parts = [];
	stream.on('data', (part) => headers[':path'] === '/stream' ? fs.writeSync(file, part) : parts.push(part));
	stream.on('error', () => {});
	stream.on('end', () => {
		let body = Buffer.concat(parts);
		while (body.length > 0)
			body = body.subarray(fs.writeSync(file, body));
		stream.respond({ ':status': 200 });
		stream.end();
	});
});
server.on('sessionError', () => {});
server.listen(Number(process.argv[2]), '127.0.0.1');
