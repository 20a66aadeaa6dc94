import react from "@vitejs/plugin-react";
import license from "rollup-plugin-license";
import { defineConfig } from "vite";

/** Fixed file names and no source maps: the built page is committed, so a build must not differ without reason. */
export default defineConfig({
  plugins: [
    react(),
    license({
      thirdParty: {
        includePrivate: false,
        output: { file: "../static/THIRD_PARTY_LICENSES.txt", encoding: "utf-8" },
      },
    }),
  ],
  base: "/",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      output: {
        entryFileNames: "assets/page.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
        manualChunks: (id) => (id.includes("node_modules") ? "vendor" : undefined),
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/play": { target: process.env.PLAYGROUND ?? "http://127.0.0.1:8090", ws: true } },
  },
});
