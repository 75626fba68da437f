// Static extensions by family, from the package `mime-db`. The test of this file compares the
// list with that of the package, and writes it if vitest runs with `-u`.

/** Also documents, archives and models. */
export const downloads = `
  3mf 7z aab aam aas abw ace afm ai air amlx apk appinstaller application appx appxbundle arc arj
  asc aw bary bat bcpio bdf bdoc bin blb blend blorb boz bpk bsp buffer bz bz2 cab cat cb7 cba cbr
  cbt cbz cco cct cdf cdmia cdmic cdmid cdmio cdmiq cer cfs chat chm cil class cld clp cpio cpt
  crd crl crt crx cst cu cwl cww cxt dcm dcr deb deploy der dgc dir disposition-notification dist
  distz dll dmg dms doc docm docx dot dotm dotx dssc dump dvi dwf dxr ear elc emf eml emz eot eps
  epub eva evy exe exi exp ez fcdt fdf fgd fig fxp fxpl gam gbr gca gdl glb gnumeric gram gsf gtar
  gtw gxf gz hdd hdf hlp hqx iges igs img ims install ipfix iso jar jardiff jnlp jt kdbx key latex
  lha lnk lottie lrf lrm luac lzh m13 m14 m21 m3u8 m4p ma mar mb mbox mdb mesh mft mht mhtml mie
  mime mny mobi mp21 mp4s mpt mrc msg msh msi msix msixbundle msm msp mtl mvb mxf nb nc nq nsc nt
  numbers nzb obd obj oda odb odc odf odft odg odi odm odp ods odt ogex ogx one onea onepkg onetmp
  onetoc onetoc2 oprc otc otg oth oti otp ots ott ova ovf oxps p10 p12 p21 p7b p7c p7m p7r p7s p8
  pac pages pcf pdb pdf pem pfa pfb pfm pfr pfx pgn pgp pkg pki pkipath pkpass pot potm potx ppam
  pps ppsm ppsx ppt pptm pptx pqa prc prf ps psf pub pyo pyox rar ris rm rmvb rnc roa rpm rq run
  scd scq scs sdp sea ser setpay setreg shar sieve sig silo sit sitx siv sldm sldx snf so spc spl
  spp spq src srt stc std step sti stk stl stp stpnc stpxz stpz stw sv4cpio sv4crc swa swf sxc sxd
  sxg sxi sxm sxw t3 tar tex texi texinfo tfm thmx torrent trig trm tsd u32 u3d u8dsn u8hdr u8mdn
  u8msg ubj udeb ulx usda usdz ustar vbox vbox-extpack vcd vdi vds vdx vhd vis vmdk vox vrml vsd
  vsdx vss vst vsw vtu vtx w3d wad war wasm wcm wdb wgt wks wmd wmf wmz wpl wps wri wrl wsc x32
  x3db x3dbz x3dv x3dvz x_b x_t xap xbap xfdf xla xlam xlc xlm xls xlsb xlsm xlsx xlt xltm xltx
  xlw xpi xps xz yang z1 z2 z3 z4 z5 z6 z7 z8 zip
`;

export const fonts = `
  otf ttc ttf woff woff2
`;

export const images = `
  3ds apng avci avcs avif azv b16 bmp btf btif cgm cmx dds dib djv djvu dng dpx drle dwg dxf exr
  fbs fh fh4 fh5 fh7 fhc fits fpx fst g3 gif heic heics heif heifs hej2 ico ief jaii jais jfif jhc
  jls jng jp2 jpe jpeg jpf jpg jpg2 jpgm jph jpm jpx jxl jxr jxra jxrs jxs jxsc jxsi jxss ktx ktx2
  mdi mmr npx pbm pct pcx pgm pic png pnm ppm psd pti ras rgb rlc sgi sid svg svgz t38 tap tfx tga
  tif tiff uvg uvi uvvg uvvi vtf wbmp wdp webp xbm xif xpm xwd
`;

/** Audio and video. */
export const media = `
  3g2 3gp 3gpp aac adp adts aif aifc aiff amr asf asx au avi caf dra dts dtshd dvb ecelp4800
  ecelp7470 ecelp9600 eol f4v flac fli flv fvt h261 h263 h264 jpgv kar lvp m1v m2a m2t m2ts m2v
  m3a m3u m4a m4b m4s m4u m4v mid midi mj2 mjp2 mk3d mka mks mkv mng mov movie mp2 mp2a mp3 mp4
  mp4a mp4v mpe mpeg mpg mpg4 mpga mts mxmf mxu oga ogg ogv opus pya pyv qt ra ram rip rmi rmp s3m
  sil smv snd spx uva uvh uvm uvp uvs uvu uvv uvva uvvh uvvm uvvp uvvs uvvu uvvv viv vob wav wax
  weba webm wm wma wmv wmx wvx xm
`;
