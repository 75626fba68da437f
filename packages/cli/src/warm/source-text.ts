// Reads the text of a source as a stream. Detects gzip by content.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { failure, usageError } from "../command-error.ts";
import type { World } from "../world.ts";

export type Bytes = AsyncIterable<Uint8Array>;

/** @throws CommandError if there is no such file */
export async function bytesOfFile(path: string, { folder, interrupted }: World): Promise<Bytes> {
  const whole = resolve(folder, path);
  const found = await stat(whole).catch(() => undefined);
  if (found?.isDirectory() === false) return createReadStream(whole, { signal: interrupted });
  throw usageError({
    what: `${JSON.stringify(path)} cannot be read.`,
    why: found === undefined ? `There is no file ${whole}.` : "It is a folder.",
    hint: "Name a file, or - for stdin.",
  });
}

/**
 * @param given.name the name of the source in errors
 * @param given.bytesMax the limit for the decompressed text; Infinity if callers read it line by
 *   line
 * @param given.isLenient replaces invalid UTF-8 with U+FFFD
 * @throws CommandError for damaged gzip, invalid UTF-8, and text beyond the limit
 */
export async function* textOf(
  bytes: Bytes,
  {
    name,
    bytesMax = Infinity,
    isLenient = false,
  }: { readonly name: string; readonly bytesMax?: number; readonly isLenient?: boolean },
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: !isLenient });
  let byteCount = 0;
  try {
    for await (const chunk of await unpacked(bytes)) {
      byteCount += chunk.byteLength;
      if (byteCount > bytesMax) throw tooLarge(name, bytesMax);
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

async function unpacked(bytes: Bytes): Promise<Bytes> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let firstCount = 0;
  while (firstCount < 2) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    first.push(value);
    firstCount += value.byteLength;
  }
  const head = Buffer.concat(first);
  const whole = (async function* () {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (!isGzip) return whole;
  const gunzip = createGunzip();
  const packed = Readable.from(whole);
  packed.once("error", (cause) => gunzip.destroy(cause));
  return packed.pipe(gunzip);
}

function tooLarge(name: string, bytesMax: number) {
  return failure({
    what: `${name} was not read completely.`,
    why: `Decompressed, it has more than ${bytesMax / 1_048_576} MiB, which sitemaps.org does not allow.`,
    hint: "Split it, and list the parts in an index.",
  });
}

function unreadable(name: string, cause: unknown) {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isGzip = code.startsWith("Z_");
  const isText = code === "ERR_ENCODING_INVALID_ENCODED_DATA";
  if (!isGzip && !isText) return cause;
  const why = isText ? "It is not UTF-8." : "It looks like gzip, but is damaged or truncated.";
  return failure(
    { what: `${name} was not read completely.`, why, hint: "Create the file again." },
    "failed",
    cause,
  );
}

const lineCharactersMax = 65_536;

/** Yields lines without their line breaks; `undefined` for a line that is too long. */
export async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  let rest = "";
  let isTooLong = false;
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      yield isTooLong || line.length > lineCharactersMax ? undefined : line.replace(/\r$/, "");
      isTooLong = false;
    }
    if (rest.length > lineCharactersMax) [rest, isTooLong] = ["", true];
  }
  if (isTooLong) yield undefined;
  else if (rest !== "") yield rest;
}
