// Reduces Accept-Encoding to one of four values (RFC 9110 §12.5.3), to limit the number of
// variants.

/** Returns `br, gzip`, `br`, `gzip`, or `identity` for everything else. */
export function reducedAcceptEncoding(field: string | null): string {
  if (field === null) return "identity";
  const acceptance = new Map<string, boolean>();
  for (const member of field.toLowerCase().split(",")) {
    const [coding = "", ...weights] = member.split(";").map((part) => part.trim());
    const refused = weights.some((weight) => /^q\s*=\s*0(?:\.0*)?$/.test(weight));
    acceptance.set(coding === "x-gzip" ? "gzip" : coding, !refused);
  }
  const accepted = ["br", "gzip"].filter(
    (coding) => acceptance.get(coding) ?? acceptance.get("*") ?? false,
  );
  return accepted.length === 0 ? "identity" : accepted.join(", ");
}
