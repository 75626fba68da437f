// All parts of a run: the stores, and the places, which are colos and over Redis a Node process. Each
// place is behind a front, which can break its way to the stores.
import { type Running, startTogether } from "../../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { BreakableRedis, keepsAll } from "../breakable-redis.ts";
import { ObjectHost } from "../object-worker.ts";
import type { ReadFrom } from "../readers.ts";
import { type ColoUnderTest, startColos, today } from "../site-under-test.ts";
import { type DataBuild, processOfData, workerOfData, workerOfDataOverObjects } from "./bundles.ts";
import { type DrivenJournal, journalInObject, journalInRedis } from "./driven-journal.ts";
import { ProcessUnderTest } from "./process-under-test.ts";
import type { DataRecorder } from "./recorder.ts";

/** A colo, or the process. */
export type DataNode = ReadFrom;

interface AnyDataSite {
  readonly colos: readonly ColoUnderTest[];
  readonly places: readonly DataNode[];
  /** The journal, without faults between it and the driver. */
  readonly journal: DrivenJournal;
  stop(): Promise<void>;
}

export interface DataSiteOverRedis extends AnyDataSite {
  readonly kind: "redis";
  readonly redis: BreakableRedis;
  readonly rest: UpstashRestServer;
  readonly process: ProcessUnderTest;
}

export interface DataSiteOverObjects extends AnyDataSite {
  readonly kind: "objects";
  readonly objectHost: ObjectHost;
}

export type DataSite = DataSiteOverRedis | DataSiteOverObjects;

interface SiteSettings extends DataBuild {
  readonly store: DataSite["kind"];
  readonly originUrl: string;
  readonly coloCount: number;
  readonly recorder: DataRecorder;
}

export const startDataSite = (settings: SiteSettings): Promise<DataSite> =>
  settings.store === "redis"
    ? startTogether((running) => startOverRedis(settings, running))
    : startTogether((running) => startOverObjects(settings, running));

async function startOverRedis(settings: SiteSettings, running: Running) {
  const { originUrl, coloCount, recorder } = settings;
  const worker = await workerOfData(settings);
  const module = await processOfData(settings);
  const redis = await running.add(BreakableRedis.start(keepsAll));
  const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
  const versions = [{ version: today, worker }];
  const ofColos = { originUrl, coloCount, recorder: recorder.world };
  const colos = await startColos(running, { ...ofColos, versions, rest });
  const process = await running.add(
    ProcessUnderTest.start({ module, redisUrl: redis.url, originUrl, recorder }),
  );
  const places = [...colos, process];
  const journal = journalInRedis(rest);
  return { kind: "redis", redis, rest, colos, process, places, journal } as const;
}

async function startOverObjects(settings: SiteSettings, running: Running) {
  const { originUrl, coloCount, recorder } = settings;
  const worker = await workerOfDataOverObjects(settings, true);
  const versions = [
    { version: today, worker },
    { version: "without hints", worker: await workerOfDataOverObjects(settings, false) },
  ];
  const objectHost = await running.add(ObjectHost.start(worker));
  const ofColos = { originUrl, coloCount, recorder: recorder.world };
  const colos = await startColos(running, { ...ofColos, versions, objectHost });
  const journal = journalInObject(objectHost);
  return { kind: "objects", objectHost, colos, places: colos, journal } as const;
}
