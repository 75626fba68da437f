// The interface of `operate()`. A Worker bundles its code only if the Worker imports it.
import type { MiddlewareHandler } from "hono";
import type { Hono } from "hono";
import type { Background } from "../platform/platform.ts";
import type { UrlRead } from "../pages/request/url-reader.ts";
import type { OpenHotKeys } from "../pages/site/hot-keys.ts";
import type { Requester } from "../purge/view/view.ts";
import type { createReports } from "../observe/reports/create-reports.ts";
import type { AdminSettings } from "./admin-settings.ts";

/** The contents of `Operate`. */
export interface OperatePart {
  readonly createReports: typeof createReports;
  readonly openHotKeys: OpenHotKeys;
  readonly open: (settings: AdminSettings) => OpenOperate;
}

/** The operator's part of an isolate, beside purges, the switch and the journal. */
export interface OpenOperate {
  /** Answers `GET /_cache/health`. */
  readonly health: (request: HealthRequest) => Promise<Response>;
  /** Adds the routes that explain, measure and warm. */
  readonly addTo: (admin: Hono, access: OperatorAccess) => void;
  /** Answers a request with the explanation, if the token is valid. `answer` answers without it. */
  readonly answerDebugged: (
    debugged: DebuggedRequest,
    background: Background,
    answer: () => Response | Promise<Response>,
  ) => Promise<Response>;
  /** Keeps hot keys warm. Never rejects. */
  readonly runCron: (background: Background) => Promise<void>;
}

/** The checks of an operator's token. */
export interface OperatorAccess {
  /** Requires ADMIN_TOKEN, or a token of its scope `operator`. */
  readonly forBearer: MiddlewareHandler;
  /** Also accepts a token that only reads. */
  readonly forReader: MiddlewareHandler;
}

/** A request that had the debug field. */
export interface DebuggedRequest {
  /** The request without the field. */
  readonly plain: Request;
  /** The value of the field. */
  readonly token: string;
  readonly read: UrlRead;
}

/** A request for the health check, with the means to renew the view. */
export interface HealthRequest extends Requester {
  readonly request: Request;
  readonly colo: string;
}
