// The tables and the chart of docs/costs.md.
import { counted, markdownTable, percent } from "../load/figures.ts";
import { dollarsAMillionOf, isFree, monthlyBillOf, monthlyDollarsOf, tightestOf } from "./bill.ts";
import type { Chart } from "./chart.ts";
import type { Counted } from "./point.ts";
import { billed, loaded } from "./points.ts";
import { type MixName, mixes } from "./stores.ts";

export type PointAt = (mix: MixName, colos: number, requestsPerSecond: number) => Counted;

/**
 * Returns a function that finds a point. The records in Redis beside a journal in an object are
 * those of the mix with everything in Redis, because the place of the journal changes no record.
 */
export function pointsAt(points: readonly Counted[]): PointAt {
  const found = (mix: MixName, colos: number, rate: number): Counted => {
    const point = points.find(({ settings }) => {
      return (
        settings.mix === mix && settings.colos === colos && settings.requestsPerSecond === rate
      );
    });
    if (point === undefined) throw new Error(`${mix} was not played at ${colos}, ${rate}.`);
    return point;
  };
  return (mix, colos, rate) => {
    if (mix !== "records in Redis, journal in a Durable Object") return found(mix, colos, rate);
    const records = found("all in Redis", colos, rate);
    const { journalReadsPerSecond } = found("records and journal in Durable Objects", colos, rate);
    return { ...records, settings: { ...records.settings, mix }, journalReadsPerSecond };
  };
}

/** The short names of the mixes, in the order of `mixes`. */
const names = ["Redis", "Redis, journal in an object", "objects"];

/** Formats dollars with two digits that count. */
function dollars(amount: number): string {
  if (amount >= 100) return `$${counted(amount)}`;
  return `$${amount >= 0.1 ? amount.toFixed(2) : Number(amount.toPrecision(2))}`;
}

/** The bills of a month, with Durable Objects and with Redis, in few colos and in many. */
export function monthTable(at: PointAt): string {
  const [few, many] = billed.colos;
  const rows = billed.rates.map((rate) => {
    const bills = (mix: MixName) =>
      billed.colos.map((colos) => {
        const point = at(mix, colos, rate);
        return `${isFree(point) ? "$0 or " : ""}${dollars(monthlyBillOf(point))}`;
      });
    const { originPerSecond } = at("records and journal in Durable Objects", few, rate);
    const counts = [
      rate.toLocaleString("en"),
      `${Number((rate * 2.592).toPrecision(2)).toLocaleString("en")} million`,
    ];
    return counts.concat(
      bills("records and journal in Durable Objects"),
      bills("all in Redis"),
      percent(1 - originPerSecond / rate),
    );
  });
  const stores = ["Durable Objects", "Redis at Upstash"].flatMap((name) => [
    `${name}, ${few} colos`,
    `${many} colos`,
  ]);
  return markdownTable(["requests/s", "a month", ...stores, "offload"], rows);
}

/** The dollars of a million requests, and of a month, and the origin requests, at one rate. */
export function billsTable(at: PointAt, colos: number, rate: number): string {
  const rows = mixes.map((mix) => {
    const point = at(mix, colos, rate);
    const month = dollars(monthlyDollarsOf(point));
    const bill = `${dollars(dollarsAMillionOf(point))} · ${month}`;
    return [mix, bill, point.originPerSecond.toFixed(1)];
  });
  const bill = `per million requests · a month, in ${colos} colos`;
  return markdownTable(["mix of stores", bill, "origin requests/s"], rows);
}

/**
 * The busiest store at each rate: the share of its limit, and which store it is. Beside records in
 * Redis, a journal in an object hardly changes the load, so this mix has no column.
 */
export function limitsTable(at: PointAt, colos: number): string {
  const shown = mixes.filter((mix) => mix !== "records in Redis, journal in a Durable Object");
  const rows = loaded.rates.map((rate) => {
    const cells = shown.map((mix) => {
      const { share, store } = tightestOf(at(mix, colos, rate));
      return share > 1 ? `**${percent(share)}**, ${store}` : `${percent(share)}, ${store}`;
    });
    return [counted(rate)].concat(cells);
  });
  const shownNames = shown.map((mix) => names[mixes.indexOf(mix)] ?? mix);
  return markdownTable(["requests/s", ...shownNames], rows);
}

export function limitsChart(at: PointAt, colos: number): Chart {
  const lines = mixes.map((mix, nth) => ({
    name: names[nth] ?? mix,
    values: loaded.rates.map((rate) => 100 * tightestOf(at(mix, colos, rate)).share),
  }));
  return {
    title: `Load of the busiest store, ${colos} colos`,
    description: `One line for each mix of stores, as a percentage of the limit of its busiest store. The table beside the chart has the values.`,
    x: { label: "requests/s of the whole site", values: loaded.rates },
    y: { label: "% of its limit", text: (value) => `${value} %` },
    lines,
    limit: { value: 100, name: "the limit" },
  };
}
