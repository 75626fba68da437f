// Requests to Upstash's REST interface and the answers that it documents, as rows. The database of
// each row is empty before it gets the commands of `given`.
import type { RestRequest } from "./rest-client.ts";

interface ProtocolRow extends RestRequest {
  id: string;
  given?: readonly (readonly unknown[])[];
  status: number;
  answer: unknown;
}

const gives = (result: unknown) => ({ status: 200, answer: { result } });
const fails = (status: number, error: string) => ({ status, answer: { error } });

const text = ["SET", "text", "word"] as const;
const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
const notInteger = "ERR value is not an integer or out of range";
const unknownCommand = (name: string) =>
  `ERR unknown command '${name}', with args beginning with: `;
const unavailable = (name: string, why: string) =>
  `ERR ${name} is not available over the REST interface: ${why}`;

export const singleRows: readonly ProtocolRow[] = [
  { id: "status", body: text, ...gives("OK") },
  { id: "string", given: [text], body: ["get", "text"], ...gives("word") },
  { id: "nothing", body: ["GET", "text"], ...gives(null) },
  { id: "integer", given: [text], body: ["STRLEN", "text"], ...gives(4) },
  { id: "number-argument", body: ["INCRBY", "n", 41], ...gives(41) },
  { id: "range-of-nothing", body: ["GETRANGE", "text", 0, 4095], ...gives("") },
  {
    id: "flat-map",
    given: [["HSET", "h", "a", "1"]],
    body: ["hgetall", "h"],
    ...gives(["a", "1"]),
  },
  { id: "failed-command", given: [text], body: ["HGET", "text", "f"], ...fails(400, wrongType) },
];

export const batchRows: readonly ProtocolRow[] = [
  {
    id: "pipeline-of-ranges",
    given: [text, ["HSET", "h", "a", "1"]],
    path: "/pipeline",
    body: [
      ["GETRANGE", "text", 0, 1],
      ["GETRANGE", "h", 0, 1],
      ["GETRANGE", "text", 0, -1],
    ],
    status: 200,
    answer: [{ result: "wo" }, { error: wrongType }, { result: "word" }],
  },
  {
    id: "transaction-that-writes-over",
    given: [text],
    path: "/multi-exec",
    body: [
      ["SETRANGE", "text", 0, "lo"],
      ["PEXPIRE", "text", 60_000],
      ["GETRANGE", "text", 0, -1],
    ],
    status: 200,
    answer: [{ result: 4 }, { result: 1 }, { result: "lord" }],
  },
  {
    id: "pipeline",
    given: [text],
    path: "/pipeline",
    body: [["SET", "a", "1"], ["INCR", "text"], ["INCR", "a"], ["NOPE"], ["SUBSCRIBE", "c"]],
    status: 200,
    answer: [
      { result: "OK" },
      { error: notInteger },
      { result: 2 },
      { error: unknownCommand("NOPE") },
      { error: unavailable("SUBSCRIBE", "it needs its own connection.") },
    ],
  },
  {
    id: "transaction",
    given: [text],
    path: "/multi-exec",
    body: [
      ["INCR", "text"],
      ["GET", "text"],
      ["STRLEN", "text"],
    ],
    status: 200,
    answer: [{ error: notInteger }, { result: "word" }, { result: 4 }],
  },
  {
    id: "transaction-discarded",
    path: "/multi-exec",
    body: [["SET", "a", "1"], ["NOPE"]],
    ...fails(400, `EXECABORT Transaction discarded: ${unknownCommand("NOPE")}`),
  },
  {
    id: "transaction-refused",
    path: "/multi-exec",
    body: [
      ["SET", "a", "1"],
      ["WATCH", "a"],
    ],
    ...fails(400, unavailable("WATCH", "clients send a whole transaction to /multi-exec.")),
  },
];

const unauthorized = fails(401, "Unauthorized");
const badJson = fails(400, "ERR failed to parse the body: it must be JSON in UTF-8.");
const notCommandError = 'ERR a command must be a JSON array such as ["GET","key"].';
const notCommand = fails(400, notCommandError);
const emptyPipelineError = "ERR the body must be a JSON array of at least one command array.";
const methodError = "Method DELETE is not allowed. Use POST.";
const blocks = "its BLOCK option waits for data, and would block every other request.";
const refusedArgument = (type: string) =>
  fails(400, `ERR argument 2 of SET is of type ${type}: send a string or a number.`);

export const refusalRows: readonly ProtocolRow[] = [
  { id: "no-token", authorization: "", body: text, ...unauthorized },
  { id: "wrong-token", authorization: "Bearer local-tokem", body: text, ...unauthorized },
  { id: "longer-token", authorization: "Bearer local-token-", body: text, ...unauthorized },
  { id: "other-scheme", authorization: "Basic local-token", body: text, ...unauthorized },
  { id: "bad-json", body: '["GET",', ...badJson },
  { id: "empty-body", body: "", ...badJson },
  { id: "bad-utf8", body: Uint8Array.of(0x22, 0xff, 0x22), ...badJson },
  { id: "object", body: { command: "GET" }, ...notCommand },
  { id: "text", body: '"GET"', ...notCommand },
  {
    id: "flat-pipeline",
    path: "/pipeline",
    body: ["GET", "a"],
    ...fails(400, `${notCommandError} It is command 0.`),
  },
  { id: "empty-pipeline", path: "/pipeline", body: [], ...fails(400, emptyPipelineError) },
  { id: "nameless", body: [], ...fails(400, "ERR the command array has no name.") },
  { id: "null-argument", body: ["SET", "a", null], ...refusedArgument("null") },
  { id: "object-argument", body: ["SET", "a", {}], ...refusedArgument("object") },
  { id: "array-argument", body: ["SET", "a", []], ...refusedArgument("array") },
  { id: "boolean-argument", body: ["SET", "a", true], ...refusedArgument("boolean") },
  { id: "method", method: "DELETE", ...fails(405, methodError) },
  {
    id: "command-in-path",
    path: "/get/text",
    body: "",
    ...fails(404, "ERR nothing is at /get/text: send the command as JSON to /."),
  },
  {
    id: "xread-block",
    body: ["XREAD", "COUNT", 1, "block", 0, "STREAMS", "s", "$"],
    ...fails(400, unavailable("XREAD", blocks)),
  },
  { id: "xread-of-a-stream-named-block", body: ["XREAD", "STREAMS", "block", "0"], ...gives(null) },
];
