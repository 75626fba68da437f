// Parses a request to Upstash's REST interface from its method, path and body. Source:
// https://upstash.com/docs/redis/features/restapi.
import type { RedisCommand } from "./redis-connection.ts";

export type RestCall =
  | { kind: "command"; command: RedisCommand }
  | { kind: "pipeline"; commands: RedisCommand[] }
  | { kind: "transaction"; commands: RedisCommand[] }
  | { kind: "subscription"; channel: string }
  | { kind: "malformed"; status: 400 | 404 | 405; message: string };

export function readRestCall(request: { method: string; path: string; body: Buffer }): RestCall {
  const { method, path, body } = request;
  const [, channel] = /^\/subscribe\/([^/?]+)$/.exec(path) ?? [];
  if (method !== "POST") return malformed(`Method ${method} is not allowed. Use POST.`, 405);
  if (channel !== undefined) return { kind: "subscription", channel: decodeURIComponent(channel) };
  switch (path) {
    case "/":
      return readSingle(body);
    case "/pipeline":
    case "/multi-exec":
      return readBatch(body, path === "/pipeline" ? "pipeline" : "transaction");
    default:
      return malformed(`ERR nothing is at ${path}: send the command as JSON to /.`, 404);
  }
}

function readSingle(body: Buffer): RestCall {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const command = readCommand(parsed.value);
  return typeof command === "string" ? malformed(command) : { kind: "command", command };
}

function readBatch(body: Buffer, kind: "pipeline" | "transaction"): RestCall {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  if (!Array.isArray(parsed.value) || parsed.value.length === 0) {
    return malformed("ERR the body must be a JSON array of at least one command array.");
  }
  const commands: RedisCommand[] = [];
  for (const [index, candidate] of parsed.value.entries()) {
    const command = readCommand(candidate);
    if (typeof command === "string") return malformed(`${command} It is command ${index}.`);
    commands.push(command);
  }
  return { kind, commands };
}

/** Returns an error message for an invalid command. */
function readCommand(candidate: unknown): RedisCommand | string {
  if (!Array.isArray(candidate)) {
    return 'ERR a command must be a JSON array such as ["GET","key"].';
  }
  const [name, ...args]: unknown[] = candidate;
  if (typeof name !== "string" || name === "") return "ERR the command array has no name.";
  const texts: string[] = [];
  for (const [index, argument] of args.entries()) {
    if (typeof argument !== "string" && typeof argument !== "number") {
      const shown =
        argument === null ? "null" : Array.isArray(argument) ? "array" : typeof argument;
      return `ERR argument ${index + 1} of ${name} is of type ${shown}: send a string or a number.`;
    }
    texts.push(String(argument));
  }
  return [name.toUpperCase(), ...texts];
}

function parseJson(body: Buffer): { kind: "parsed"; value: unknown } | MalformedCall {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return { kind: "parsed", value: JSON.parse(text) };
  } catch {
    return malformed("ERR failed to parse the body: it must be JSON in UTF-8.");
  }
}

type MalformedCall = Extract<RestCall, { kind: "malformed" }>;

function malformed(message: string, status: 400 | 404 | 405 = 400): MalformedCall {
  return { kind: "malformed", status, message };
}
