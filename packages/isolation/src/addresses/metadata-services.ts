/**
 * Where clouds answer with a machine's credentials. A range in a policy never opens these; only their own address does.
 * Those in 169.254.0.0/16 are here too, since a policy may open that range for something else.
 */
export const METADATA_SERVICES: readonly string[] = [
  // AWS, Azure, Google Cloud, Oracle, DigitalOcean, Hetzner, OpenStack and most others.
  '169.254.169.254',
  // AWS: container credentials, pod identity, DNS and time, IPv6 forms included. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
  // https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::/32',
  // Azure: the platform's channel to its agents, a public address. https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16',
  // Google Cloud, machines with IPv6 alone. https://cloud.google.com/compute/docs/metadata/querying-metadata
  'fd20:ce::254',
  // Alibaba Cloud. https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
  '100.100.100.200',
  'fd00:100::100:200',
  // Oracle: Cloud at Customer and Classic, then OCI. https://docs.oracle.com/en/cloud/cloud-at-customer/occ-get-started/retrieve-predefined-instance-metadata.html
  // https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm
  '192.0.0.192',
  'fd00:c1::a9fe:a9fe',
  // Scaleway. https://docs.cloud-init.io/en/latest/reference/datasources/scaleway.html
  '169.254.42.42',
  'fd00:42::42',
  // Akamai (Linode). https://docs.cloud-init.io/en/latest/reference/datasources/akamai.html
  'fd00:a9fe:a9fe::1',
  // Tencent Cloud, the addresses of metadata.tencentyun.com. https://www.tencentcloud.com/document/product/213/4934
  '169.254.0.23',
  '169.254.10.10',
  // OpenStack over IPv6. https://docs.openstack.org/nova/latest/user/metadata.html
  'fe80::a9fe:a9fe',
];
