// The pages that a point plays: a systematic sample of the trace's pages over their ranks, whose
// lifetimes have the trace's shares. Each sampled page stands for the same number of pages.
import type { Draws } from "../../testing/draws.ts";
import { lifetimeShares, scale, zipfExponent } from "../trace/trace.ts";
import { pageText } from "../load/page-text.ts";
import type { PlayedPage } from "./played-site.ts";

export interface SampledPage extends PlayedPage {
  /** Its share of the site's requests, 0 to 1. */
  readonly share: number;
}

export const tagCount = 100;
/** The lifetimes of ten successive pages, with the trace's shares in every part of the sample. */
const lifetimeCycle = spread(
  lifetimeShares.flatMap(({ lifetimeSeconds, share }) =>
    Array.from({ length: Math.round(share * 10) }, () => lifetimeSeconds * scale),
  ),
);

interface SampleSettings {
  readonly pageCount: number;
  /** The number of sampled pages, at most `pageCount`; best a multiple of ten. */
  readonly sampleCount: number;
  /** Default: 1. */
  readonly tagsAPage?: number | undefined;
  /** Default: only a few bytes, because a body changes no count up to 150,000 characters. */
  readonly bodyBytes?: number | undefined;
}

export function sampledPages(
  { pageCount, sampleCount, tagsAPage = 1, bodyBytes = 0 }: SampleSettings,
  draws: Draws,
): SampledPage[] {
  const rankOffset = draws.between(0, 1);
  const lifetimeOffset = Math.floor(draws.between(0, lifetimeCycle.length));
  const weights = Array.from({ length: pageCount }, (_, rank) => (rank + 1) ** -zipfExponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Array.from({ length: sampleCount }, (_, nth) => {
    const rank = Math.floor(((nth + rankOffset) * pageCount) / sampleCount);
    const tag = `t${Math.floor(draws.between(0, tagCount))}`;
    const others = Array.from({ length: tagsAPage - 1 }, (__, at) => `${tag}-${rank}-${at}`);
    return {
      target: targetOf(rank),
      tag,
      ...(others.length > 0 && { otherTags: others }),
      ...(bodyBytes > 0 && { text: pageText(rank, bodyBytes) }),
      lifetimeSeconds: lifetimeCycle[(lifetimeOffset + nth) % lifetimeCycle.length] ?? 0,
      version: 1,
      firstAgeSeconds: 0,
      share: (weights[rank] ?? 0) / sum,
    };
  });
}

export const targetOf = (rank: number): string => `/pages/${rank}`;

/** Puts equal values apart: takes every third value of a list of ten. */
function spread(values: readonly number[]): number[] {
  return values.map((_, nth) => values[(nth * 3) % values.length] ?? 0);
}
