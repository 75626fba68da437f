// Reads the text of a list or a sitemap. Detects gzip by content.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { failure, usageError } from "../command-error.ts";
import type { World } from "../world.ts";

/** @throws CommandError if the file cannot be read */
export async function bytesOfFile(path: string, { folder, interrupted }: World): Promise<Buffer> {
  const whole = resolve(folder, path);
  try {
    return await readFile(whole, { signal: interrupted });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    const why = whyNoFile[code] ?? `The system reported ${code}.`;
    throw usageError(
      { what: `${JSON.stringify(path)} cannot be read.`, why, hint: `Check the file ${whole}.` },
      cause,
    );
  }
}

const whyNoFile: Readonly<Record<string, string>> = {
  ENOENT: "There is no file of this name.",
  EISDIR: "It is a folder.",
  ERR_FS_FILE_TOO_LARGE: "It is too large.",
};

/**
 * Reads a stream to its end. A failure of the stream passes on.
 *
 * @throws CommandError beyond the limit
 */
export async function bytesOfStream(
  stream: AsyncIterable<Uint8Array | string>,
  limit: TextLimit,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of stream) {
    byteCount += chunk.length;
    if (byteCount > limit.bytesMax) throw tooLarge(limit);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** The name of a source in errors, and the limit of its decompressed text. */
export interface TextLimit {
  readonly name: string;
  readonly bytesMax: number;
}

/** @throws CommandError for damaged gzip, invalid UTF-8, and text beyond the limit */
export function textOf(bytes: Buffer, limit: TextLimit): string {
  const { name, bytesMax: maxOutputLength } = limit;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (bytes.length > maxOutputLength) throw tooLarge(limit);
  try {
    const text = isGzip ? gunzipSync(bytes, { maxOutputLength }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    const isDamaged = code.startsWith("Z_");
    const why = isDamaged ? "It looks like gzip, but is damaged or truncated." : "It is not UTF-8.";
    const fault = { what: `${name} was not read completely.`, why, hint: "Create the file again." };
    throw failure(fault, "failed", cause);
  }
}

function tooLarge({ name, bytesMax }: TextLimit) {
  return failure({
    what: `${name} was not read completely.`,
    why: `Decompressed, it has more than ${bytesMax / 1_048_576} MiB.`,
    hint: "Split it.",
  });
}
