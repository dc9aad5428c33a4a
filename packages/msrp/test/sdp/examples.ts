/** Session descriptions of the RFCs, octet for octet but for line breaks that only the page needed. */

/** Lines to CRLF. */
export function crlf(text: string): string {
  return text.replaceAll('\n', '\r\n');
}

/** What RFC 4976 §11, RFC 7977 and others leave out above their c= lines. */
export const SESSION = 'v=0\no=- 1 1 IN IP4 a.example.com\ns=-\nt=0 0\n';

/** RFC 4975 §11.1: Alice's offer and Bob's answer. */
export const ALICE = `v=0
o=alice 2890844557 2890844559 IN IP4 alicepc.example.com
s= -
c=IN IP4 alicepc.example.com
t=0 0
m=message 7777 TCP/MSRP *
a=accept-types:text/plain
a=path:msrp://alicepc.example.com:7777/iau39soe2843z;tcp
`;
export const BOB = `v=0
o=bob 2890844612 2890844616 IN IP4 bob.example.com
s= -
c=IN IP4 bob.example.com
t=0 0
m=message 8888 TCP/MSRP *
a=accept-types:text/plain
a=path:msrp://bob.example.com:8888/9di4eae923wzd;tcp
`;

/** RFC 4975 §8.2, figure 7. */
export const FIGURE_7 = `v=0
o=alice 2890844526 2890844527 IN IP4 alice.example.com
s= -
c=IN IP4 alice.example.com
t=0 0
m=message 7394 TCP/MSRP *
a=accept-types:text/plain
a=path:msrp://alice.example.com:7394/2s93i9ek2a;tcp
`;

/** RFC 4975 §8.7, figures 9 and 10. */
export const ENDPOINT_A = `v=0
o=usera 2890844526 2890844527 IN IP4 alice.example.com
s= -
c=IN IP4 alice.example.com
t=0 0
m=message 7394 TCP/MSRP *
a=accept-types:message/cpim text/plain text/html
a=path:msrp://alice.example.com:7394/2s93i93idj;tcp
`;
export const ENDPOINT_B = `v=0
o=userb 2890844530 2890844532 IN IP4 bob.example.com
s= -
c=IN IP4 bob.example.com
t=0 0
m=message 8493 TCP/MSRP *
a=accept-types:message/cpim text/plain
a=path:msrp://bob.example.com:8493/si438dsaodes;tcp
`;

/** RFC 4975 §14.4, figure 19; SHA-1, as was usual then. */
export const FIGURE_19 = `${SESSION}c=IN IP4 atlanta.example.com
m=message 7654 TCP/TLS/MSRP *
a=accept-types:text/plain
a=path:msrps://atlanta.example.com:7654/jshA7weso3ks;tcp
a=fingerprint:SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB
`;

/** RFC 4976 §11: Bob's answer, through his relay. */
export const BEHIND_RELAY = `${SESSION}c=IN IP4 bob.example.com
m=message 1234 TCP/TLS/MSRP *
a=accept-types: message/cpim text/plain
a=path:msrps://relay.example.com:9000/hjdhfha;tcp  msrps://bob.example.com:1234/fuige;tcp
`;

/** RFC 7977 §8.1.1: a browser behind its relay. */
export const BROWSER = `${SESSION}c=IN IP4 a.example.com
m=message 1234 TCP/TLS/MSRP *
a=accept-types:message/cpim text/plain text/html
a=path:msrps://a.example.com:2855/jui787s2f;tcp msrps://df7jal23ls0d.invalid:2855/98cjs;ws
`;

/** RFC 5547 §7, figure 2: a file. */
export const FILE = `v=0
o=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com
s=
c=IN IP4 host.atlanta.example.com
t=0 0
m=message 7654 TCP/MSRP *
i=This is my latest picture
a=sendonly
a=accept-types:message/cpim
a=accept-wrapped-types:*
a=path:msrp://atlanta.example.com:7654/jshA7we;tcp
a=file-selector:name:"My cool picture.jpg" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E
a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd
a=file-disposition:attachment
a=file-date:creation:"Mon, 15 May 2006 15:01:31 +0300"
a=file-icon:cid:id2@alicepc.example.com
a=file-range:1-32349
`;

/** RFC 5547 §9.4, figure 24: what an answer to OPTIONS says, with port 0 and without a path. */
export const OPTIONS = `v=0
o=bob 2890844656 2890855439 IN IP4 bobpc.example.com
s=-
c=IN IP4 bobpc.example.com
t=0 0
m=message 0 TCP/MSRP *
a=accept-types:message/cpim
a=accept-wrapped-types:*
a=max-size:20000
a=file-selector
`;

/** RFC 7701 §9.1: a chat room, without a t= line. */
export const CHAT_ROOM = `v=0
o=chat 2890844527 2890844527 IN IP4 chat.example.com
s=-
c=IN IP4 chat.example.com
m=message 12763 TCP/MSRP *
a=accept-types:message/cpim
a=accept-wrapped-types:text/plain text/html *
a=path:msrp://chat.example.com:12763/kjhd37s2s20w2a;tcp
a=chatroom:nickname private-messages
`;

/** All of them, with the section each comes from. */
export const EXAMPLES: readonly (readonly [source: string, text: string])[] = [
  ['RFC 4975 §11.1, Alice', ALICE],
  ['RFC 4975 §11.1, Bob', BOB],
  ['RFC 4975 §8.2', FIGURE_7],
  ['RFC 4975 §8.7, A', ENDPOINT_A],
  ['RFC 4975 §8.7, B', ENDPOINT_B],
  ['RFC 4975 §14.4', FIGURE_19],
  ['RFC 4976 §11', BEHIND_RELAY],
  ['RFC 7977 §8.1.1', BROWSER],
  ['RFC 5547 §7', FILE],
  ['RFC 5547 §9.4', OPTIONS],
  ['RFC 7701 §9.1', CHAT_ROOM],
];
