// The parts of an isolate that its purge probe can use.
import type { AdminSettings } from "../admin/admin-settings.ts";

export type ProbeWorker = Pick<AdminSettings, "cache" | "site" | "contextFor">;
