/** The worked AUTH dialogues: every authentication header as it stands on the wire, and the digests behind them. */

/** What a client was told, sent and was answered. Passwords and users are texts, all else are wire strings. */
export interface DigestVector {
  readonly name: string;
  readonly algorithm: 'MD5' | 'SHA-256' | 'SHA-512-256';
  readonly user: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  readonly nonceCount: string;
  readonly cnonce: string;
  readonly digestUri: string;
  readonly ha1?: string;
  readonly response: string;
  /** undefined when the relay did not accept. */
  readonly rspauth?: string;
}

export const DIGEST_VECTORS: readonly DigestVector[] = [
  {
    name: 'E1.3',
    algorithm: 'MD5',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8',
    nonceCount: '00000001',
    cnonce: 'a6bc7aace203871d',
    digestUri: 'msrps://nadia@relay-a.example.org;tcp',
    ha1: 'f2d337220dd782698a347e9b43d6ded9',
    response: '14aa071217aa2530a214f1226a6a1132',
    rspauth: '2ac459037ee49193898015c02564d95a',
  },
  {
    name: 'E2.1',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'IXvqkQuYIRdLrLgUAGOabHRUuqzKSMEe',
    nonceCount: '00000004',
    cnonce: '8aa0bf9f503aa80d',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: 'ff691ec4d02a2f6a793b5d9794342b1eaa96cb27156b8f1d33d685fa19c7e818',
  },
  {
    name: 'E2.3',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'l5u6qp8HlvboClELjkyYpviTN1ktHlBi',
    nonceCount: '00000001',
    cnonce: '4d13bc360990b445',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '8e1cc3971122ddec1080b8bd73ee617e683325b59ef4bea96b76753cb772f4ce',
    rspauth: '8991e53548ec83383de1a5f17bf3bc28974a653e79c7e9e83de77618004f59b3',
  },
  {
    name: 'E2.5',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'c8DMxdjH8XMyDxvs1pPPlwKirdvvHwrn',
    nonceCount: '00000001',
    cnonce: '8e169d7f7e5a8a62',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '942d65022620c1a0ecfe959524ed90b2bede4dfe33b684650dd0776ec435be23',
    rspauth: '84f146986ac901b01eb88f6f86d43384e2399ef1d3b2951f95b4c99c6b589817',
  },
  {
    name: 'E3.1',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbor',
    realm: 'relay-a.example.org',
    nonce: 'KjQ1oorBgMdOsj1yBwRrW736LkjADZBE',
    nonceCount: '00000001',
    cnonce: 'b7459f4beb600e68',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '0fcd67f7f4c9a3cf6ed81ea79961fed015c31fac6dab47892bdfde35fe83ffe1',
  },
  {
    name: 'E3.3',
    algorithm: 'SHA-256',
    user: 'guest',
    password: 'guest-pass-42',
    realm: 'relay-a.example.org',
    nonce: 'RSoOXeUIh0f96gfrOoKZqWW3BxGsubUN',
    nonceCount: '00000001',
    cnonce: 'caea1a702b2e0fdb',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '681c9b6a0d0babb4214f2d04cd10b9b2971ab51efba16efe481685605dca4f14',
  },
  {
    name: 'E4.1',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP',
    nonceCount: '00000001',
    cnonce: '3c2cd6e230d5b01a',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '8c68b2f1288e33e379fd1ad20b04c79ab162380884ba11c2c78830abcbff2366',
  },
  {
    name: 'E4.3',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP',
    nonceCount: '00000002',
    cnonce: '0b57049d587d5c48',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: '1e024b2aa0380ef493bbef3791ba0320b70237b265cc1f2d761b31e95222a792',
  },
  {
    name: 'E4.5',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP',
    nonceCount: '00000003',
    cnonce: '8fed078dedaf6522',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    response: 'bd44edf30da567df694061bd2befd28c55326e374cca2d0963829de3e05eefc1',
    rspauth: 'c26752a1fd94b0988b50de59e4283bd0933b96848fd22076b9231956a2855b1d',
  },
  {
    name: 'E5.5',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'outer.example.net',
    nonce: 'oP0SPtDH8iVzyhqhFa3K4Fr+kMG4he2R',
    nonceCount: '00000001',
    cnonce: '563d6d1904f73d8d',
    digestUri: 'msrps://outer.example.net;tcp',
    ha1: 'ac53aa036e6c9efd508bdcf2c88ee8d1ad47171b94c981190454bce1617937c7',
    response: 'dbe11f073fddd5043a7a504080bfaac14bc49e3f74a107ccb3fa9cb90f80a356',
    rspauth: '87560c28e60c671b81ec25269e46fba8e0aafdb8cc513033f86fa13bfa20e07a',
  },
  {
    name: 'E2 table, MD5, nadia',
    algorithm: 'MD5',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'l5u6qp8HlvboClELjkyYpviTN1ktHlBi',
    nonceCount: '00000001',
    cnonce: '4d13bc360990b445',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    ha1: 'f2d337220dd782698a347e9b43d6ded9',
    response: '8ccd38b9a155d906feeaddd7638b2876',
    rspauth: '86755a3bb2d190d02530b625f96d999f',
  },
  {
    name: 'E2 table, SHA-256, nadia',
    algorithm: 'SHA-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'l5u6qp8HlvboClELjkyYpviTN1ktHlBi',
    nonceCount: '00000001',
    cnonce: '4d13bc360990b445',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    ha1: 'c451f8121298904eb5210c3fcf1fae50a78dbfc647bd7b039c62dbcd7bdbf90a',
    response: '8e1cc3971122ddec1080b8bd73ee617e683325b59ef4bea96b76753cb772f4ce',
    rspauth: '8991e53548ec83383de1a5f17bf3bc28974a653e79c7e9e83de77618004f59b3',
  },
  {
    name: 'E2 table, SHA-512-256, nadia',
    algorithm: 'SHA-512-256',
    user: 'nadia',
    password: 'Kx7-lantern-harbour',
    realm: 'relay-a.example.org',
    nonce: 'l5u6qp8HlvboClELjkyYpviTN1ktHlBi',
    nonceCount: '00000001',
    cnonce: '4d13bc360990b445',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    ha1: 'c1a7be6b7cf9f15eca508a30a0d776218e843cf1bb4ee658c99fca5c2f4e9b5c',
    response: '90ce6b8df3f74fd48e3169ef7a724e0851c822352617e7afe8cc8473686bf559',
    rspauth: '1d8e3630ad92c2e94cea157ad1c5ef5eef8f65264c3acce6f424c63057ac552f',
  },
  {
    name: 'E2 table, SHA-256, zoë',
    algorithm: 'SHA-256',
    user: 'zoë',
    password: 'naïve-café-9',
    realm: 'relay-a.example.org',
    nonce: 'l5u6qp8HlvboClELjkyYpviTN1ktHlBi',
    nonceCount: '00000001',
    cnonce: '4d13bc360990b445',
    digestUri: 'msrps://relay-a.example.org:2855;tcp',
    ha1: 'de8d37696762db575726a70eef37e5d86e0bb46bddf56b925056a6d68d3e43a8',
    response: '6b68b3d734f401da0e4bb48264885256abb0e86600d7dd451383d0fcea30031e',
    rspauth: 'a4a6ad1ae83271ce0107e6f0425c9e53ad3a9743794ac73bd96a6f054478f014',
  },
];

/** Values of WWW-Authenticate, by example. */
export const CHALLENGES: readonly (readonly [name: string, value: string])[] = [
  [
    'E1.2',
    'Digest realm="relay-a.example.org", nonce="Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8", opaque="b2a4e05cdfe820ac", qop="auth", algorithm=MD5',
  ],
  [
    'E2.2',
    'Digest realm="relay-a.example.org", nonce="l5u6qp8HlvboClELjkyYpviTN1ktHlBi", opaque="d0effd862bd7a08f", qop="auth", stale=true, algorithm=SHA-256',
  ],
  [
    'E2.2',
    'Digest realm="relay-a.example.org", nonce="l5u6qp8HlvboClELjkyYpviTN1ktHlBi", opaque="d0effd862bd7a08f", qop="auth", stale=true, algorithm=MD5',
  ],
  [
    'E3.2',
    'Digest realm="relay-a.example.org", nonce="RSoOXeUIh0f96gfrOoKZqWW3BxGsubUN", opaque="738fea8267851fd0", qop="auth", algorithm=SHA-256',
  ],
  [
    'E3.2',
    'Digest realm="relay-a.example.org", nonce="RSoOXeUIh0f96gfrOoKZqWW3BxGsubUN", opaque="738fea8267851fd0", qop="auth", algorithm=MD5',
  ],
  [
    'E5.3',
    'Digest realm="outer.example.net", nonce="oP0SPtDH8iVzyhqhFa3K4Fr+kMG4he2R", opaque="bd703e6165ec75f9", qop="auth", algorithm=SHA-256',
  ],
  [
    'E5.3',
    'Digest realm="outer.example.net", nonce="oP0SPtDH8iVzyhqhFa3K4Fr+kMG4he2R", opaque="bd703e6165ec75f9", qop="auth", algorithm=MD5',
  ],
];

/** Values of Authorization, by example. */
export const AUTHORIZATIONS: readonly (readonly [name: string, value: string])[] = [
  [
    'E1.3',
    'Digest username="nadia", realm="relay-a.example.org", nonce="Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8", uri="msrps://nadia@relay-a.example.org;tcp", response="14aa071217aa2530a214f1226a6a1132", algorithm=MD5, cnonce="a6bc7aace203871d", opaque="b2a4e05cdfe820ac", qop=auth, nc=00000001',
  ],
  [
    'E2.1',
    'Digest username="nadia", realm="relay-a.example.org", nonce="IXvqkQuYIRdLrLgUAGOabHRUuqzKSMEe", uri="msrps://relay-a.example.org:2855;tcp", response="ff691ec4d02a2f6a793b5d9794342b1eaa96cb27156b8f1d33d685fa19c7e818", algorithm=SHA-256, cnonce="8aa0bf9f503aa80d", opaque="d0effd862bd7a08f", qop=auth, nc=00000004',
  ],
  [
    'E2.3',
    'Digest username="nadia", realm="relay-a.example.org", nonce="l5u6qp8HlvboClELjkyYpviTN1ktHlBi", uri="msrps://relay-a.example.org:2855;tcp", response="8e1cc3971122ddec1080b8bd73ee617e683325b59ef4bea96b76753cb772f4ce", algorithm=SHA-256, cnonce="4d13bc360990b445", opaque="d0effd862bd7a08f", qop=auth, nc=00000001',
  ],
  [
    'E2.5',
    'Digest username="nadia", realm="relay-a.example.org", nonce="c8DMxdjH8XMyDxvs1pPPlwKirdvvHwrn", uri="msrps://relay-a.example.org:2855;tcp", response="942d65022620c1a0ecfe959524ed90b2bede4dfe33b684650dd0776ec435be23", algorithm=SHA-256, cnonce="8e169d7f7e5a8a62", opaque="d0effd862bd7a08f", qop=auth, nc=00000001',
  ],
  [
    'E3.1',
    'Digest username="nadia", realm="relay-a.example.org", nonce="KjQ1oorBgMdOsj1yBwRrW736LkjADZBE", uri="msrps://relay-a.example.org:2855;tcp", response="0fcd67f7f4c9a3cf6ed81ea79961fed015c31fac6dab47892bdfde35fe83ffe1", algorithm=SHA-256, cnonce="b7459f4beb600e68", opaque="738fea8267851fd0", qop=auth, nc=00000001',
  ],
  [
    'E3.3',
    'Digest username="guest", realm="relay-a.example.org", nonce="RSoOXeUIh0f96gfrOoKZqWW3BxGsubUN", uri="msrps://relay-a.example.org:2855;tcp", response="681c9b6a0d0babb4214f2d04cd10b9b2971ab51efba16efe481685605dca4f14", algorithm=SHA-256, cnonce="caea1a702b2e0fdb", opaque="738fea8267851fd0", qop=auth, nc=00000001',
  ],
  [
    'E4.1',
    'Digest username="nadia", realm="relay-a.example.org", nonce="X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP", uri="msrps://relay-a.example.org:2855;tcp", response="8c68b2f1288e33e379fd1ad20b04c79ab162380884ba11c2c78830abcbff2366", algorithm=SHA-256, cnonce="3c2cd6e230d5b01a", opaque="61942b2e79320deb", qop=auth, nc=00000001',
  ],
  [
    'E4.3',
    'Digest username="nadia", realm="relay-a.example.org", nonce="X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP", uri="msrps://relay-a.example.org:2855;tcp", response="1e024b2aa0380ef493bbef3791ba0320b70237b265cc1f2d761b31e95222a792", algorithm=SHA-256, cnonce="0b57049d587d5c48", opaque="61942b2e79320deb", qop=auth, nc=00000002',
  ],
  [
    'E4.5',
    'Digest username="nadia", realm="relay-a.example.org", nonce="X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP", uri="msrps://relay-a.example.org:2855;tcp", response="bd44edf30da567df694061bd2befd28c55326e374cca2d0963829de3e05eefc1", algorithm=SHA-256, cnonce="8fed078dedaf6522", opaque="61942b2e79320deb", qop=auth, nc=00000003',
  ],
  [
    'E5.5',
    'Digest username="nadia", realm="outer.example.net", nonce="oP0SPtDH8iVzyhqhFa3K4Fr+kMG4he2R", uri="msrps://outer.example.net;tcp", response="dbe11f073fddd5043a7a504080bfaac14bc49e3f74a107ccb3fa9cb90f80a356", algorithm=SHA-256, cnonce="563d6d1904f73d8d", opaque="bd703e6165ec75f9", qop=auth, nc=00000001',
  ],
];

/** Values of Authentication-Info, by example. */
export const AUTHENTICATION_INFOS: readonly (readonly [name: string, value: string])[] = [
  ['E1.4', 'rspauth="2ac459037ee49193898015c02564d95a", cnonce="a6bc7aace203871d", nc=00000001, qop=auth'],
  [
    'E2.4',
    'nextnonce="c8DMxdjH8XMyDxvs1pPPlwKirdvvHwrn", rspauth="8991e53548ec83383de1a5f17bf3bc28974a653e79c7e9e83de77618004f59b3", cnonce="4d13bc360990b445", nc=00000001, qop=auth',
  ],
  [
    'E2.6',
    'rspauth="84f146986ac901b01eb88f6f86d43384e2399ef1d3b2951f95b4c99c6b589817", cnonce="8e169d7f7e5a8a62", nc=00000001, qop=auth',
  ],
  [
    'E4.6',
    'rspauth="c26752a1fd94b0988b50de59e4283bd0933b96848fd22076b9231956a2855b1d", cnonce="8fed078dedaf6522", nc=00000003, qop=auth',
  ],
  [
    'E5.7',
    'rspauth="87560c28e60c671b81ec25269e46fba8e0aafdb8cc513033f86fa13bfa20e07a", cnonce="563d6d1904f73d8d", nc=00000001, qop=auth',
  ],
];
