// Metadata of a stored value, for tests of the purge view and of freshness.
import type { DataMetadata } from "../../src/data/value/data-record.ts";

export const dataMetadata: DataMetadata = {
  url: "tidemark-data:/articles/42",
  route: "",
  tags: [],
  stamp: "none",
  colo: "",
  requestedAtMs: 0,
  respondedAtMs: 0,
  fillCostMs: 1_000,
  bodyBytes: null,
  bodyDigest: null,
  schema: 0,
  codec: "json",
  isNegative: false,
  freshMs: 60_000,
  staleMs: 0,
};
