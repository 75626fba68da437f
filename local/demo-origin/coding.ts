// Which content coding a request asks for (RFC 9110 §12.5.3), and putting a body into it.
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

export type Coding = "br" | "gzip" | "identity";

// Also the order of preference among codings of equal weight.
const offered: readonly Coding[] = ["br", "gzip", "identity"];

/**
 * The offered coding with the greatest weight in `Accept-Encoding`.
 *
 * @param acceptEncoding the field's value; absent or unreadable means "identity"
 * @returns "identity" too when every offered coding is refused: an answer beats a 406
 */
export function chooseCoding(acceptEncoding: string | undefined): Coding {
  const weights = readWeights(acceptEncoding ?? "");
  let best: { coding: Coding; weight: number } = { coding: "identity", weight: 0 };
  for (const coding of offered) {
    // "*" covers identity as well, yet whoever sends it takes a compressed body as gladly.
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight > best.weight) best = { coding, weight };
  }
  return best.coding;
}

function readWeights(acceptEncoding: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = member.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    const weight = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;
    if (name !== "") weights.set(name, weight);
  }
  return weights;
}

const compressGzip = promisify(gzip);
const compressBrotli = promisify<Uint8Array, object, Buffer>(brotliCompress);

export async function encode(body: Uint8Array, coding: Coding): Promise<Uint8Array<ArrayBuffer>> {
  if (coding === "identity") return new Uint8Array(body);
  if (coding === "gzip") return new Uint8Array(await compressGzip(body));
  // The default quality, 11, is for files compressed once; pages are compressed per request.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 4 };
  return new Uint8Array(await compressBrotli(body, { params }));
}
