import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { HeadersReferrerPolicy, ResponseHeadersPolicy, type ResponseHeadersPolicyProps } from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';

/** The origins other than its own that the page may call: the placeholders of web/headers.json. */
export interface Origins {
  /** S3, for uploads and downloads by presigned links. */
  readonly UploadOrigin: string;
  /** The sign-in page of Cognito, for tokens. */
  readonly SignInOrigin: string;
  /** The API of Cognito, for signing out everywhere. */
  readonly IssuerOrigin: string;
}

/** The headers of web/headers.json with the origins of a deployment. */
export function webHeaders(file: string, origins: Origins): Record<string, string> {
  const headers = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const known = new Map(Object.entries(origins) as [string, string][]);
  const insert = (_: string, placeholder: string): string => {
    const origin = known.get(placeholder);
    if (origin === undefined) throw new Error(`web/headers.json names \${${placeholder}}, but only ${[...known.keys()].join(', ')} are known`);
    return origin;
  };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/\$\{(\w+)\}/g, insert)]));
}

type SecurityHeaders = NonNullable<ResponseHeadersPolicyProps['securityHeadersBehavior']>;

/** The headers that CloudFront wants in fields of their own. */
const OWN_FIELDS: Readonly<Record<string, (value: string) => SecurityHeaders>> = {
  'content-security-policy': (contentSecurityPolicy) => ({ contentSecurityPolicy: { contentSecurityPolicy, override: true } }),
  'referrer-policy': () => ({ referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true } }),
  'strict-transport-security': (value) => ({
    strictTransportSecurity: {
      accessControlMaxAge: Duration.seconds(Number(/max-age=(\d+)/.exec(value)?.[1])),
      includeSubdomains: value.includes('includeSubDomains'),
      override: true,
    },
  }),
  'x-content-type-options': () => ({ contentTypeOptions: { override: true } }),
};

/** A policy that sets these headers on every answer. @param responseHeadersPolicyName unique in the account */
export function headersPolicy(scope: Construct, id: string, responseHeadersPolicyName: string, headers: Readonly<Record<string, string>>): ResponseHeadersPolicy {
  const entries = Object.entries(headers);
  const security = entries.map(([name, value]) => OWN_FIELDS[name]?.(value) ?? {});
  const others = entries.filter(([name]) => OWN_FIELDS[name] === undefined);
  return new ResponseHeadersPolicy(scope, id, {
    responseHeadersPolicyName,
    comment: 'sightline: headers of web/headers.json',
    securityHeadersBehavior: Object.assign({}, ...security) as SecurityHeaders,
    customHeadersBehavior: { customHeaders: others.map(([header, value]) => ({ header, value, override: true })) },
  });
}
