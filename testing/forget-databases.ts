// Runs once for each test file.
import { afterAll } from "vitest";
import { forgetDatabases } from "./databases.ts";

afterAll(forgetDatabases);
