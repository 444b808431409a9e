#ifndef TESTS_SUPPORT_DECLARATION_H
#define TESTS_SUPPORT_DECLARATION_H

/* The first article of the Universal Declaration of Human Rights, by language: the United Nations
 * gave its translations to the public. */
struct declaration {
    const char *code, *text;
};

/* clang-format off */
static const struct declaration declarations[] = {
    {"en",
     "All human beings are born free and equal in dignity and rights. They are "
     "endowed with reason and conscience and should act towards one another in a "
     "spirit of brotherhood."},
    {"de",
     "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit "
     "Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit "
     "begegnen."},
    {"fr",
     "Tous les êtres humains naissent libres et égaux en dignité et en droits. "
     "Ils sont doués de raison et de conscience et doivent agir les uns envers les "
     "autres dans un esprit de fraternité."},
    {"es",
     "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, "
     "dotados como están de razón y conciencia, deben comportarse fraternalmente "
     "los unos con los otros."},
    {"it",
     "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi "
     "sono dotati di ragione e di coscienza e devono agire gli uni verso gli altri "
     "in spirito di fratellanza."},
    {"pt",
     "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. "
     "Dotados de razão e de consciência, devem agir uns para com os outros em "
     "espírito de fraternidade."},
    {"nl",
     "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn "
     "begiftigd met verstand en geweten, en behoren zich jegens elkander in een "
     "geest van broederschap te gedragen."},
    {"sv",
     "Alla människor är födda fria och lika i värde och rättigheter. De är "
     "utrustade med förnuft och samvete och bör handla gentemot varandra i en anda "
     "av broderskap."},
    {"nb",
     "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter. "
     "De er utstyrt med fornuft og samvittighet og bør handle mot hverandre i "
     "brorskapets ånd."},
    {"fi",
     "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. "
     "Heille on annettu järki ja omatunto, ja heidän on toimittava toisiaan "
     "kohtaan veljeyden hengessä."},
    {"pl",
     "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych "
     "praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec "
     "innych w duchu braterstwa."},
    {"cs",
     "Všichni lidé se rodí svobodní a sobě rovní co do důstojnosti a práv. "
     "Jsou nadáni rozumem a svědomím a mají spolu jednat v duchu bratrství."},
    {"hu",
     "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. "
     "Az emberek, ésszel és lelkiismerettel bírván, egymással szemben testvéri "
     "szellemben kell hogy viseltessenek."},
    {"ru",
     "Все люди рождаются свободными и равными в "
     "своем достоинстве и правах. Они наделены "
     "разумом и совестью и должны поступать в "
     "отношении друг друга в духе братства."},
    {"uk",
     "Всі люди народжуються вільними і рівними у "
     "своїй гідності та правах. Вони наділені "
     "розумом і совістю і повинні діяти у "
     "відношенні один до одного в дусі "
     "братерства."},
    {"el",
     "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι "
     "και ίσοι στην αξιοπρέπεια και τα "
     "δικαιώματα. Είναι προικισμένοι με λογική "
     "και συνείδηση, και οφείλουν να "
     "συμπεριφέρονται μεταξύ τους με πνεύμα "
     "αδελφοσύνης."},
    {"tr",
     "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl "
     "ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile "
     "hareket etmelidirler."},
    {"ro",
     "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. "
     "Ele sunt înzestrate cu rațiune și conștiință și trebuie să se comporte "
     "unele față de altele în spiritul fraternității."},
    {"ja",
     "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。"},
    {"zh",
     "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"},
    {"ko",
     "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 "
     "있어 동등하다. 인간은 천부적으로 이성과 양심을 "
     "부여받았으며 서로 형제애의 정신으로 행동하여야 한다."},
    {"ar",
     "يولد جميع الناس أحرارًا متساوين في الكرامة "
     "والحقوق. وقد وهبوا عقلاً وضميرًا وعليهم أن "
     "يعامل بعضهم بعضًا بروح الإخاء."},
    {"he",
     "כל בני האדם נולדו בני חורין ושווים בערכם "
     "ובזכויותיהם. כולם חוננו בתבונה ובמצפון, "
     "לפיכך חובה עליהם לנהוג איש ברעהו ברוח של "
     "אחווה."},
    {"hi",
     "सभी मनुष्यों को गौरव और "
     "अधिकारों के मामले में "
     "जन्मजात स्वतन्त्रता और "
     "समानता प्राप्त है। उन्हें "
     "बुद्धि और अन्तरात्मा की देन "
     "प्राप्त है और परस्पर उन्हें "
     "भाईचारे के भाव से बर्ताव करना "
     "चाहिए।"},
    {"vi",
     "Tất cả mọi người sinh ra đều được tự do và bình đẳng "
     "về nhân phẩm và quyền lợi. Mọi con người đều được tạo "
     "hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau "
     "trong tình bằng hữu."},
    {"id",
     "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama. "
     "Mereka dikaruniai akal dan hati nurani dan hendaknya bergaul satu sama lain "
     "dalam semangat persaudaraan."},
    {"th",
     "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ "
     "ต่างมีเหตุผลและมโนธรรม "
     "และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ"},
    {"ca",
     "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són "
     "dotats de raó i de consciència, i han de comportar-se fraternalment els uns "
     "amb els altres."},
    {"bg",
     "Всички хора се раждат свободни и равни по "
     "достойнство и права. Те са надарени с разум "
     "и съвест и следва да се отнасят помежду си "
     "в дух на братство."},
};
/* clang-format on */

#endif /* TESTS_SUPPORT_DECLARATION_H */
