/** Style sheets are bundled as text. */
declare module "*.css" {
  const text: string;
  export default text;
}

/** wasm_exec.js of the Go distribution that builds the wasm; build.mjs says where it lies. */
declare module "go-wasm-exec" {}
