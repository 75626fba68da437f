// The members of `request.cf` that a key may have: where a client is, as far as many clients share it.

/** As Cloudflare names them. */
export const cfNames = [
  "asn",
  "city",
  "colo",
  "continent",
  "country",
  "isEUCountry",
  "metroCode",
  "region",
  "regionCode",
  "timezone",
] as const;

export type CfName = (typeof cfNames)[number];
