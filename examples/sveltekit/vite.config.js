import node from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";
import workers from "./workers-adapter.js";

const adapter = process.env.PLATFORM === "workers" ? workers() : node();

export default defineConfig({ plugins: [sveltekit({ adapter })] });
