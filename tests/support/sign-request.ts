import { Webhook } from 'standardwebhooks';

/**
 * The `webhook-signature` of a request as a worker makes it with the library of Standard Webhooks: `v1,<base64>`. `content` is the
 * body, or the request target where there is none; the timestamp counts in whole seconds.
 */
export function signRequest(request: {
  readonly id: string;
  readonly timestamp: Date;
  readonly content: string;
  readonly secret: string;
}): string {
  return new Webhook(request.secret).sign(request.id, request.timestamp, request.content);
}
