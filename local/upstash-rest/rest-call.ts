// Parses a request to Upstash's REST interface from its method, URL and body. Source:
// https://upstash.com/docs/redis/features/restapi.
import type { RedisArgument, RedisCommand } from "./redis-connection.ts";

export type RestCall =
  | { kind: "command"; command: RedisCommand; namedByPath: boolean }
  | { kind: "pipeline"; commands: RedisCommand[] }
  | { kind: "transaction"; commands: RedisCommand[] }
  | { kind: "malformed"; status: 400 | 404 | 405; message: string };

const methods = new Set(["HEAD", "GET", "POST", "PUT"]);

/** @param request.url path and query of the request line; `_token` is not an argument */
export function readRestCall(request: { method: string; url: URL; body: Buffer }): RestCall {
  const { method, url, body } = request;
  if (!methods.has(method)) {
    return malformed(`Method ${method} is not allowed. Use POST, PUT, GET or HEAD.`, 405);
  }
  const takesBody = method === "POST" || method === "PUT";
  switch (url.pathname) {
    case "/":
      return takesBody ? readSingle(body) : malformed("GET / names no command.", 404);
    case "/pipeline":
    case "/multi-exec":
      if (!takesBody) return malformed(`${url.pathname} only accepts POST.`, 405);
      return readBatch(body, url.pathname === "/pipeline" ? "pipeline" : "transaction");
    default:
      return readPath(url, takesBody ? body : Buffer.alloc(0));
  }
}

function readSingle(body: Buffer): RestCall {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const command = readCommand(parsed.value);
  return typeof command === "string"
    ? malformed(command)
    : { kind: "command", command, namedByPath: false };
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

/** Parses `/set/key` with the body as next argument, then `?EX=100` as `EX 100`. */
function readPath(url: URL, body: Buffer): RestCall {
  const segments: string[] = [];
  for (const segment of url.pathname.slice(1).split("/")) {
    try {
      segments.push(decodeURIComponent(segment));
    } catch {
      return malformed(`ERR the path segment ${JSON.stringify(segment)} is not percent-encoded.`);
    }
  }
  const [name = "", ...args]: string[] = segments;
  const options: RedisArgument[] = [];
  for (const [option, value] of url.searchParams) {
    if (option === "_token") continue;
    options.push(option, ...(value === "" ? [] : [value]));
  }
  const value: RedisArgument[] = body.length === 0 ? [] : [body];
  const command: RedisCommand = [name.toUpperCase(), ...args, ...value, ...options];
  return { kind: "command", command, namedByPath: true };
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
