/** What a token turned out to be. `detail` is fit for the client: it says what is wrong, never what the token holds. */
export type TokenResult =
  /** `expiresAt` is in ms since 1970, null for a token without an end. */
  | { readonly kind: 'valid'; readonly userId: string; readonly expiresAt: number | null }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** It could not be judged, because the keys could not be had; the same token may be valid in a moment. */
  | { readonly kind: 'unavailable'; readonly detail: string };

/** Judges a client's JWT (contract §3). Never rejects. */
export type TokenVerifier = (token: string) => Promise<TokenResult>;

/** What an internal request says of its signature; undefined where the header is missing. */
export type SignatureHeaders = {
  /** `webhook-id` */
  readonly id: string | undefined;
  /** `webhook-timestamp`: seconds since 1970 */
  readonly timestamp: string | undefined;
  /** `webhook-signature`: one or more of `v1,<base64>`, separated by spaces */
  readonly signature: string | undefined;
  /** `x-service-name` */
  readonly service: string | undefined;
};

/** What the signature of an internal request is judged by. */
export type SignedRequest = SignatureHeaders & {
  /** The body as text; for a request without a body, its target (path and query). */
  readonly content: string;
};

/** What was wrong with a signature: for the server's log, never for the answer (contract §5). */
export type SignatureFault = 'missing' | 'malformed' | 'unknown_service' | 'stale' | 'wrong';

/** Judges who sent an internal request (contract §5). */
export type SignatureVerifier = {
  /** null where the signature holds */
  faultOf(request: SignedRequest): SignatureFault | null;
  /** What is wrong with the form of the headers: no body makes the signature right then. null where nothing is. */
  formFaultOf(headers: SignatureHeaders): SignatureFault | null;
};
