// Shows the REST contract with Swagger UI. `musterContract` is the OpenAPI document; the build writes it into the same file.
const plugin = () => ({
  wrapComponents: {
    // Links inside of buttons: the button opens the operation, and sets the address as the link would.
    DeepLink:
      (_original, { React }) =>
      ({ text }) =>
        React.createElement("span", null, text),
    // A button that is a picture alone has no name.
    CloseIcon:
      (Original, { React }) =>
      (props) =>
        React.createElement(
          React.Fragment,
          null,
          React.createElement(Original, props),
          React.createElement("span", { className: "visually-hidden" }, "Close"),
        ),
    // The page has its own.
    InfoContainer: () => () => null,
  },
});

globalThis.SwaggerUIBundle({
  spec: globalThis.musterContract,
  dom_id: "#rest",
  plugins: [plugin],
  deepLinking: true,
  filter: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  syntaxHighlight: false,
  validatorUrl: null,
});
