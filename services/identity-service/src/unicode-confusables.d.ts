declare module "unicode-confusables" {
  const library: {
    /** Replaces every character by its UTS #39 prototype. */
    rectifyConfusion(text: string): string;
  };
  export default library;
}
