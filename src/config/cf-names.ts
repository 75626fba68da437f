// The members of `request.cf` that may be part of a key: values that many clients share.

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
