// Faults of one colo, or of the origin.
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./fault.ts";
import type { Passage } from "./rest-front.ts";

/** Breaks one colo's connection to the database. The others continue. */
const passage =
  (kind: Passage): Fault =>
  async ({ site, draws }) => {
    const { front } = draws.oneOf(site.colos);
    front.passage = kind;
    try {
      await delay(draws.between(500, 4_000));
    } finally {
      front.passage = "open";
    }
  };

const farAway: Fault = async ({ site, draws }) => {
  const { front } = draws.oneOf(site.colos);
  front.wayMs = draws.between(10, 350);
  try {
    await delay(draws.between(1_000, 4_000));
  } finally {
    front.wayMs = 0;
  }
};

const restarted: Fault = async ({ site, draws }) => {
  await draws.oneOf(site.colos).restart();
};

/** Deploys or rolls back: the colo that has changed least often runs the other version. */
const versionChanged: Fault = async ({ site }) => {
  const [colo] = site.colos.toSorted((one, other) => one.changeCount - other.changeCount);
  await colo?.changeVersion();
};

const originFailing: Fault = async ({ origin, draws }) => {
  origin.errorShare = draws.between(0.3, 1);
  try {
    await delay(draws.between(1_000, 3_000));
  } finally {
    origin.errorShare = 0;
  }
};

const originSlow: Fault = async ({ origin, draws }) => {
  const before = origin.slowShare;
  origin.slowShare = 0.6;
  try {
    await delay(draws.between(1_000, 4_000));
  } finally {
    origin.slowShare = before;
  }
};

export const coloFaults = {
  "colo-cut-off": passage("cut"),
  "colo-unanswered": passage("silent"),
  "answers-to-appends-lost": passage("deaf"),
  "colo-far-away": farAway,
  "colo-restarted": restarted,
  "version-changed": versionChanged,
  "origin-failing": originFailing,
  "origin-slow": originSlow,
} as const satisfies Record<string, Fault>;
