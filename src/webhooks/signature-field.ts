// Parses a signature's header field: its members, and the bytes of the signature.
import { decodedBytes, type DigestEncoding } from "../base/hmac.ts";

const digestBytes = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** Parses a field such as `t=1,v1=ab,v1=cd`. Returns the values of each name, in order. */
export function readMembers(field: string): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const part of field.split(",")) {
    const [name = "", ...values] = part.trim().split("=");
    const known = members.get(name) ?? [];
    known.push(values.join("="));
    members.set(name, known);
  }
  return members;
}

/** Returns the bytes of a signature; `undefined` if the prefix, encoding or length is wrong. */
export function readSignature(
  text: string,
  given: {
    readonly algorithm: keyof typeof digestBytes;
    readonly encoding: DigestEncoding;
    readonly prefix: string;
  },
): Uint8Array<ArrayBuffer> | undefined {
  const { algorithm, encoding, prefix } = given;
  if (!text.startsWith(prefix)) return undefined;
  const bytes = decodedBytes(text.slice(prefix.length), encoding);
  return bytes?.length === digestBytes[algorithm] ? bytes : undefined;
}
