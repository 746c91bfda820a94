export default {
  aegis: {
    input: "../../openapi.yaml",
    output: {
      target: "build/orval/client.ts",
      client: "fetch",
      override: { mutator: { path: "programs/orval_request.ts", name: "request" } },
    },
  },
};
