// SPDX-License-Identifier: BSD-2-Clause
//
// PutRecords as Kinesis has it, on 127.0.0.1: node kinesis.js PORT FILE [WORD=N]...
// What it takes is a line of FILE, the record itself, before it answers; it looks at no signature but asks for one.  A call may have
// 500 records and 5 MiB, a record 1 MiB, both with their partition keys.  Every so many-th record fails for itself (full=N), with
// ProvisionedThroughputExceededException, and each tenth of those with InternalFailure; every so many-th call (busy=N) as a whole.
'use strict';
const http = require('http');
const fs = require('fs');
const [port, path, ...words] = process.argv.slice(2);
const every = Object.fromEntries(words.map((word) => word.split('=')).map(([name, n]) => [name, Number(n)]));
const file = fs.openSync(path, 'a');
let calls = 0, records = 0, failures = 0, sequence = 0;

function refuse() {
	if (!every.full || ++records % every.full !== 0)
		return null;
	return ++failures % 10 === 0
		? { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' }
		: { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard shardId-000000000000' };
}

function put(request) {
	const items = request.Records;
	if (!Array.isArray(items) || items.length < 1 || items.length > 500)
		return [400, { __type: 'ValidationException', message: 'Member must have length between 1 and 500' }];
	let bytes = 0;
	for (const item of items) {
		item.data = Buffer.from(item.Data, 'base64');
		const size = item.data.length + Buffer.byteLength(item.PartitionKey);
		if (size > 1 << 20 || item.PartitionKey === '')
			return [400, { __type: 'ValidationException', message: 'Member must have length less than or equal to 1048576' }];
		bytes += size;
	}
	if (bytes > 5 << 20)
		return [400, { __type: 'InvalidArgumentException', message: 'Records size exceeds 5 MB limit' }];
	if (every.busy && ++calls % every.busy === 0)
		return [400, { __type: 'ProvisionedThroughputExceededException', message: 'Rate exceeded' }];
	const taken = [];
	const answers = items.map((item) => {
		const failure = refuse();
		if (failure)
			return failure;
		taken.push(item.data, Buffer.from('\n'));
		return { SequenceNumber: String(++sequence), ShardId: 'shardId-000000000000' };
	});
	let rest = Buffer.concat(taken);
	while (rest.length > 0)
		rest = rest.subarray(fs.writeSync(file, rest));
	return [200, { FailedRecordCount: answers.filter((answer) => answer.ErrorCode).length, Records: answers }];
}

function handle(headers, body) {
	if (!/^AWS4-HMAC-SHA256 /.test(headers.authorization || ''))
		return [400, { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }];
	if (headers['x-amz-target'] !== 'Kinesis_20131202.PutRecords' || headers['content-type'] !== 'application/x-amz-json-1.1')
		return [400, { __type: 'UnknownOperationException' }];
	try {
		return put(JSON.parse(body));
	} catch (error) {
		return [400, { __type: 'SerializationException', message: String(error) }];
	}
}

http.createServer((request, response) => {
	const parts = [];
	request.on('data', (part) => parts.push(part));
	request.on('error', () => {});
	request.on('end', () => {
		const [code, answer] = handle(request.headers, Buffer.concat(parts));
		response.writeHead(code, { 'Content-Type': 'application/x-amz-json-1.1' });
		response.end(JSON.stringify(answer));
	});
}).listen(Number(port), '127.0.0.1');
