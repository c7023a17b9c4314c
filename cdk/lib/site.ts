import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods, CachePolicy, Distribution, Function as EdgeFunction, FunctionCode, FunctionEventType, FunctionRuntime, HttpVersion, OriginRequestPolicy,
  S3OriginAccessControl, SecurityPolicyProtocol, ViewerProtocolPolicy, type BehaviorOptions, type ResponseHeadersPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './iam.ts';
import { edgeSource } from './media.ts';
import { UsageError } from './settings-file.ts';
import type { Settings } from './settings.ts';

export interface SiteProps {
  readonly settings: Settings;
  /** Host of the HTTP API, which answers below `/api/`. */
  readonly apiHost: string;
  /** Pictures, below `/media/`. */
  readonly media: BehaviorOptions;
  readonly headers: ResponseHeadersPolicy;
  /** Name of CloudFront's access to the bucket of the page, unique in the account. */
  readonly accessName: string;
}

/** The page's files, and the one origin that serves the page, its API and its pictures. */
export class Site extends Construct {
  readonly bucket: Bucket;
  readonly distribution: Distribution;
  /** Origin of the page. */
  readonly origin: string;

  constructor(scope: Construct, id: string, props: SiteProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    Validations.of(this.bucket).acknowledge({ id: 'AwsSolutions-S1', reason: 'The bucket contains only the built page, which everybody may read.' });
    this.distribution = this.distribute(props);
    this.origin = props.settings.webOrigin || `https://${this.distribution.distributionDomainName}`;
  }

  private distribute({ accessName, apiHost, headers, media, settings }: SiteProps): Distribution {
    const singlePage = new EdgeFunction(this, 'SinglePage', {
      runtime: FunctionRuntime.JS_2_0,
      comment: 'sightline: every view of the page has the same HTML file',
      code: FunctionCode.fromInline(edgeSource('single-page')),
    });
    const originAccessControl = new S3OriginAccessControl(this, 'Access', { originAccessControlName: accessName, description: 'sightline: reads the files of the page' });
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'sightline: the page',
      ...ownDomain(this, settings),
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket, { originAccessControl }),
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        compress: true,
        functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: singlePage }],
        responseHeadersPolicy: headers,
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
      additionalBehaviors: {
        '/api/*': {
          origin: new HttpOrigin(apiHost),
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          compress: true,
          // API Gateway answers only to its own host name.
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
          responseHeadersPolicy: headers,
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        },
        '/media/*': media,
      },
    });
    Validations.of(distribution).acknowledge(
      { id: 'AwsSolutions-CFR1', reason: 'The page is for people everywhere; whoever wants to limit it to countries can do so in a copy of this construct.' },
      { id: 'AwsSolutions-CFR2', reason: 'A web ACL costs more a month than the rest of an idle deployment. The API is throttled and needs a token, everything else is static.' },
      { id: 'AwsSolutions-CFR3', reason: "The API has its own access log, and the image bucket logs reads of pictures; the page's files are the same for everybody." },
      ...(settings.webCertificateArn === ''
        ? [{ id: 'AwsSolutions-CFR4', reason: 'Without an own domain, CloudFront uses its own certificate and does not let us choose the TLS version.' }]
        : []),
    );
    return distribution;
  }
}

function ownDomain(scope: Construct, { webCertificateArn, webOrigin }: Settings) {
  if (webCertificateArn === '') return {};
  return { domainNames: [new URL(webOrigin).hostname], certificate: Certificate.fromCertificateArn(scope, 'Certificate', webCertificateArn) };
}

export interface SiteFilesProps {
  readonly site: Site;
  /** Folder of the built page. */
  readonly folder: string;
  /** The content of `/config.json`. */
  readonly config: Record<string, string>;
  readonly settings: Settings;
}

/**
 * Copies the built page to its bucket, and then makes CloudFront forget the previous one.
 *
 * This is the CDK's BucketDeployment, with a helper function of the CDK: so files and stack are deployed and rolled back together, and nobody needs
 * another tool. Old files of `assets/` stay, because pages that are open while a release is deployed load more of them.
 */
export class SiteFiles extends Construct {
  constructor(scope: Construct, id: string, { config, folder, settings, site }: SiteFilesProps) {
    super(scope, id);
    if (!existsSync(join(folder, 'index.html'))) throw new UsageError(`${folder}, the built page, is missing: run "make package" first.`);
    const logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    acknowledgeHelper(role, site.bucket);
    const common = { destinationBucket: site.bucket, logGroup, prune: false, role };
    const assets = new BucketDeployment(this, 'Assets', {
      ...common,
      sources: [Source.asset(join(folder, 'assets'))],
      destinationKeyPrefix: 'assets',
      // Their names contain a hash of their content.
      cacheControl: [CacheControl.setPublic(), CacheControl.maxAge(Duration.days(365)), CacheControl.immutable()],
    });
    const page = new BucketDeployment(this, 'Page', {
      ...common,
      sources: [Source.asset(folder, { exclude: ['assets', 'assets/**', '.vite', '.vite/**'] }), Source.jsonData('config.json', config)],
      cacheControl: [CacheControl.noCache()],
      distribution: site.distribution,
      distributionPaths: ['/*'],
    });
    page.node.addDependency(assets);
    acknowledgeRuntime(this);
  }
}

/** The CDK chooses the permissions of its helper function, which has no part in serving the page. */
function acknowledgeHelper(role: Role, bucket: Bucket): void {
  const stack = Stack.of(role);
  const { node } = bucket;
  if (!(node.defaultChild instanceof CfnBucket)) throw new TypeError('the bucket has no CfnBucket');
  const why = "The CDK's helper function copies the page: it reads the CDK's own bucket of assets, and writes this one bucket.";
  for (const action of ['GetBucket', 'GetObject', 'List', 'Abort', 'DeleteObject']) {
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Action::s3:${action}*]`, reason: why });
  }
  acknowledgeWildcard(role, 'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*', why);
  acknowledgeWildcard(role, `<${stack.getLogicalId(node.defaultChild)}.Arn>/*`, why);
  acknowledgeWildcard(role, '*', 'The helper function makes CloudFront forget the previous page; CreateInvalidation is allowed for the account, as the CDK grants it.');
}

function acknowledgeRuntime(scope: Construct): void {
  const helper = Stack.of(scope).node.children.find(({ node }) => node.id.startsWith('Custom::CDKBucketDeployment'));
  if (!helper) throw new TypeError('the deployment of the page has no helper function');
  Validations.of(helper).acknowledge({ id: 'AwsSolutions-L1', reason: 'The CDK chooses the runtime of its helper function; a new version of the CDK brings a new one.' });
}
