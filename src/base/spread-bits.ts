// Two functions that spread values evenly over 32 bits, for sampling and partitions. They protect nothing.

/** Returns FNV-1a of a text or a part of it in 32 bits, as a signed integer. */
export function fnv1a(text: string, from = 0, to = text.length): number {
  let digest = 0x811c9dc5;
  for (let at = from; at < to; at += 1) {
    digest = Math.imul(digest ^ text.charCodeAt(at), 0x01000193);
  }
  return digest;
}

/** Mixes 32 bits: the finalizer of MurmurHash3 (Appleby, 2011). */
export function mixed(bits: number): number {
  let mix = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}
