import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, Validations } from 'aws-cdk-lib';
import { CachePolicy, Function as EdgeFunction, FunctionCode, FunctionEventType, FunctionRuntime, S3OriginAccessControl, ViewerProtocolPolicy, type BehaviorOptions, type ResponseHeadersPolicy } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { removalPolicyOf, type Environment } from './environment.ts';
import type { ImageBucket } from './image-bucket.ts';

/** The source of a function that CloudFront runs; the local front door runs the same file. */
export function edgeSource(name: 'media-link' | 'picture-cache' | 'single-page'): string {
  return readFileSync(fileURLToPath(new URL(`../edge/${name}.js`, import.meta.url)), 'utf8');
}

/** All printable ASCII characters but letters and digits. */
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

export interface MediaSecretProps {
  readonly environment: Environment;
}

/** The secret that signs the links of pictures. The API signs with it, CloudFront checks with it. */
export class MediaSecret extends Construct {
  private readonly secret: Secret;

  constructor(scope: Construct, id: string, props: MediaSecretProps) {
    super(scope, id);
    this.secret = new Secret(this, 'Secret', {
      description: 'sightline: signs the links of pictures',
      // The secret becomes part of the code of a function. Not excludePunctuation, which the emulator ignores.
      generateSecretString: { excludeCharacters: PUNCTUATION, passwordLength: 64 },
      removalPolicy: removalPolicyOf(props.environment),
    });
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'A rotation takes effect only when the web stack is deployed, so it is a step of operations (docs/web.md); links expire within two days.',
    });
  }

  /** The value, which CloudFormation reads when it creates or updates the resource that uses it. */
  get value(): string {
    return this.secret.secretValue.unsafeUnwrap();
  }

  get arn(): string {
    return this.secret.secretArn;
  }
}

export interface MediaProps {
  readonly images: ImageBucket;
  readonly secret: MediaSecret;
  readonly headers: ResponseHeadersPolicy;
  /** Name of CloudFront's access to the images bucket, unique in the account. */
  readonly accessName: string;
  /** Makes CloudFormation read the secret again. @default none */
  readonly releaseId: string | undefined;
}

/**
 * The code of the function that checks links. The release id is part of it, because CloudFormation reads a secret only when it updates a resource
 * that refers to it (CloudFormation guide, "Get a secret or secret value from Secrets Manager").
 */
function checkSource(secret: MediaSecret, releaseId: string | undefined): string {
  const source = edgeSource('media-link').replace('<MEDIA_SECRET>', secret.value);
  return releaseId === undefined ? source : `${source}// Release ${releaseId}\n`;
}

/**
 * Pictures by signed links below `/media/` on the page's own origin. Unlike presigned links of S3, they stay the same for a day, so that browsers
 * cache them, and `img-src 'self'` is enough.
 */
export class Media extends Construct {
  readonly behavior: BehaviorOptions;

  constructor(scope: Construct, id: string, { accessName, headers, images, releaseId, secret }: MediaProps) {
    super(scope, id);
    const check = new EdgeFunction(this, 'Check', {
      runtime: FunctionRuntime.JS_2_0,
      comment: 'sightline: checks the signature of a picture link',
      code: FunctionCode.fromInline(checkSource(secret, releaseId)),
    });
    // Not by a policy for response headers: CloudFront adds its headers to errors as well. A record names its pictures a moment before they
    // exist, and a browser would keep the error for as long as the picture. An erased picture stays no longer with those who have already seen it.
    const cache = new EdgeFunction(this, 'BrowserCache', {
      runtime: FunctionRuntime.JS_2_0,
      comment: 'sightline: lets browsers keep a picture for an hour',
      code: FunctionCode.fromInline(edgeSource('picture-cache')),
    });
    const { originAccessControlId } = new S3OriginAccessControl(this, 'Access', { originAccessControlName: accessName, description: 'sightline: reads pictures for the page' });
    this.behavior = {
      // Not withOriginAccessControl: the bucket policy is in the stateful stack, which must not refer to this one.
      origin: S3BucketOrigin.withBucketDefaults(images.bucket, { originAccessControlId }),
      // The function sees every request, also those that the cache answers. Links leave the cache key, because it removes their query string.
      // Five minutes, so that an erased picture is gone soon.
      cachePolicy: new CachePolicy(this, 'Cache', {
        comment: 'sightline: pictures',
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.minutes(5),
        maxTtl: Duration.minutes(5),
      }),
      functionAssociations: [
        { eventType: FunctionEventType.VIEWER_REQUEST, function: check },
        { eventType: FunctionEventType.VIEWER_RESPONSE, function: cache },
      ],
      responseHeadersPolicy: headers,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: false,
    };
  }
}
