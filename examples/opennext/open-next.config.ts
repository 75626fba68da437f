import { defineCloudflareConfig } from "@opennextjs/cloudflare";
import { openNextOverrides } from "tidemark/opennext";

export default defineCloudflareConfig({ ...openNextOverrides(), enableCacheInterception: true });
