/* Stop words. One text a language: easy to read, and nothing to relocate. Thread: any. */
#include "compute/text_stop_words.h"

#include <stddef.h>
#include <string.h>

static const char english[] =
    " a about above across after afterwards again against all almost alone along already also "
    "although always am among an and another any anybody anyone anything anyway anywhere are "
    "aren't around as at away be became because become becomes been before behind being below "
    "beside besides between beyond both but by can can't cannot could couldn't did didn't do does "
    "doesn't doing don't done down during each either else enough especially etc even ever every "
    "everybody everyone everything everywhere except few for from further get gets getting give "
    "given go goes going gone got had hadn't has hasn't have haven't having he he's hence her here "
    "hers herself him himself his how however i i'd i'll i'm i've if in indeed instead into is "
    "isn't it it's its itself just keep kept know known last least less let let's like likely made "
    "make makes making many may maybe me meanwhile might mine more moreover most mostly much must "
    "my myself namely near nearly neither never nevertheless next no nobody none nor not nothing "
    "now nowhere of off often on once one ones only onto or other others otherwise ought our ours "
    "ourselves out over own per perhaps please put quite rather really said same saw say says see "
    "seem seemed seems seen several shall she she's should shouldn't since so some somebody "
    "someone something sometimes somewhere soon still such take taken than that that's the their "
    "theirs them themselves then thence there there's thereby therefore therein these they "
    "they're this those though through throughout thus to together too took toward towards two "
    "under unless until up upon us use used uses using usually various very via was wasn't way we "
    "we're well went were weren't what whatever when whenever where whereas wherever whether which "
    "while who whoever whole whom whose why will with within without won't would wouldn't yes yet "
    "you you'll you're your yours yourself yourselves ";

static const char german[] =
    " aber ab alle allem allen aller alles als also am an andere anderem anderen anderer anderes "
    "auch auf aus ausser bei beim bereits besonders bevor bin bis bisher bist da dabei dadurch "
    "dafür dagegen daher dahin damals damit danach daneben dann daran darauf daraus darf darin "
    "darum darunter darüber das dass davon davor dazu dein deine deinem deinen deiner dem den "
    "denen "
    "denn dennoch der deren des deshalb dessen desto die dies diese diesem diesen dieser dieses "
    "doch dort du durch dürfen ebenso eigentlich ein eine einem einen einer eines einige einigen "
    "einiger einmal entweder er erst es etwa etwas euch euer eure für ganz gar gegen genug gerade "
    "gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem "
    "ihren "
    "ihrer im immer in indem ins ist ja jede jedem jeden jeder jedes jedoch jene jenem jenen jener "
    "jetzt kann kaum kein keine keinem keinen keiner können könnte konnte konnten machen macht man "
    "manche mancher mehr mein meine meinem meinen meiner meist mich mir mit muss musste möchte "
    "mögen "
    "müssen nach nachdem neben nein nicht nichts nie noch nun nur ob oben oder oft ohne schon sehr "
    "seid sein seine seinem seinen seiner seit seitdem selbst sich sie sind so sobald sogar solche "
    "solcher soll sollen sollte sondern sonst sowie sowohl statt trotz über um und uns unser "
    "unsere "
    "unserem unseren unserer unter viel viele vielen vom von vor war waren warum was wegen weil "
    "weiter welche welchem welchen welcher welches wem wen wenig wenige wenn wer werde werden "
    "wessen "
    "wie wieder will wir wird wo wollen worden wurde wurden während wäre würde würden zu zum zur "
    "zwar "
    "zwischen ";

static const char french[] =
    " à afin ai ainsi alors après as au aucun aucune aujourd aussi autour autre autres aux "
    "auxquels "
    "avaient avais avait avant avec avez avoir avons ayant bien c car ce ceci cela celle celles "
    "celui cependant ces cet cette ceux chacun chacune chaque chez ci comme comment contre d dans "
    "de "
    "dehors déjà depuis derrière des dès desquels dessous dessus deux devant doit doivent donc "
    "dont "
    "du duquel durant elle elles en encore enfin entre es est et étaient étais était étant été "
    "être "
    "eu eux fait faire faut fois font fut grâce hors il ils j je jusqu jusque l la là laquelle le "
    "lequel les lesquelles lesquels leur leurs lors lorsqu lorsque lui m ma mais malgré me même "
    "mêmes "
    "mes mieux moi moins mon n ne ni non nos notamment notre nous on ont or ou où oui par parce "
    "parfois parmi pas pendant peu peut peuvent plus plusieurs plutôt pour pourquoi pourtant près "
    "presque puis puisqu puisque qu quand que quel quelle quelles quelqu quelque quelques quels "
    "qui "
    "quoi s sa sans sauf se selon sera seront ses seulement si sinon soi soit sommes son sont sous "
    "souvent suis sur surtout t ta tandis tant te tel telle telles tels tes toi ton toujours tous "
    "tout toute toutefois toutes très trop tu un une vers voici voilà vos votre vous y ";

static const char spanish[] =
    " a además ahí ahora al algo alguien algún alguna algunas alguno algunos allí ambos ante antes "
    "aquel aquella aquellas aquello aquellos aquí así aun aún aunque bajo bastante bien cabe cada "
    "casi como cómo con conmigo contra cual cuál cuales cualquier cualquiera cuando cuándo cuanto "
    "cuya cuyo da dar de debe deben del demás desde después donde dónde dos durante e el él ella "
    "ellas ello ellos en entonces entre era eran eras eres es esa esas ese eso esos esta está "
    "están "
    "estaba estaban estado estamos estar estas este esto estos estoy fin fue fueron fui ha había "
    "habían haber hace hacer hacia han has hasta hay he hemos hizo hoy la las le les lo los luego "
    "más me mediante menos mi mí mientras mis mismo misma mismos mucha muchas mucho muchos muy "
    "nada "
    "nadie ni ningún ninguna ninguno no nos nosotros nuestra nuestras nuestro nuestros nunca o os "
    "otra otras otro otros para pero poca poco pocos podía poder por porque pudo pueda puede "
    "pueden "
    "pues que qué quien quién quienes sea sean según ser será serán si sí sido siempre sin sino "
    "sobre sólo solo somos son soy su sus suya suyo tal tales también tampoco tan tanta tanto te "
    "tener tenía ti tiene tienen toda todas todavía todo todos tras tu tú tus u un una unas uno "
    "unos "
    "usted ustedes va vamos van varias varios vez veces y ya yo ";

static const char italian[] =
    " a ad agli ai al alcuna alcune alcuni alcuno all alla alle allo allora altra altre altri "
    "altro "
    "anche ancora appena aveva avevano avere abbiamo anzi avendo avuto ben bene c che chi chiunque "
    "ci ciascuno ciò cioè circa col come con contro cosa così cui d da dagli dai dal dall dalla "
    "dalle "
    "dallo davanti degli dei del dell della delle dello dentro di dietro dopo dove dovrà deve "
    "devono "
    "due dunque durante e è ecco ed egli era erano essa esse essendo essere essi fa fare fatto fin "
    "finché fine fino fra fu fuori furono già gli ha hai hanno ho i il in infatti insieme intanto "
    "inoltre io l la là le lei li lì lo loro lui lungo ma mai malgrado me meno mentre mi mia mie "
    "miei "
    "mio molta molte molti molto ne né negli nei nel nell nella nelle nello nessun nessuna nessuno "
    "niente noi non nostra nostre nostri nostro nulla o od ogni oggi oltre oppure ora ormai per "
    "perché "
    "però più piuttosto po poco poi poiché possono può prima proprio pure qua qual quale quali "
    "qualche "
    "quando quanta quante quanti quanto quasi quegli quei quel quell quella quelle quelli quello "
    "questa queste questi questo qui quindi s sarà saranno se sé sebbene secondo sei sempre senza "
    "si "
    "sia siamo siano siete solo sono sopra soprattutto sotto sta stata state stati stato stesso su "
    "sua subito sue sugli sui sul sull sulla sulle sullo suo suoi tale tali tanto te ti tra troppo "
    "tu "
    "tua tue tuo tuoi tutta tuttavia tutte tutti tutto un una uno v va verso vi via voi volta "
    "vostra "
    "vostro ";

static const char portuguese[] =
    " a à agora aí ainda além algo alguém algum alguma algumas alguns ali ambos ante antes ao aos "
    "apenas apesar após aquela aquelas aquele aqueles aqui aquilo as às assim até através bem cada "
    "com como contra cuja cujo da daquele das de dela dele deles demais dentro depois desde dessa "
    "desse desta deste disso disto do dois dos duas durante e é ela elas ele eles em embora "
    "enquanto "
    "então entre era eram essa essas esse esses esta está estão estas estava estavam este estes "
    "estou eu faz fazer foi for foram fora há havia isso isto já la lá lhe lhes lo logo mais mas "
    "me "
    "mediante menos mesma mesmo mesmos meu meus mim minha minhas muita muitas muito muitos na nada "
    "não nas nela nele nem nenhum nenhuma nessa nesse nesta neste ninguém no nos nós nossa nossas "
    "nosso nossos num numa nunca o onde os ou outra outras outro outros para pela pelas pelo pelos "
    "perante pode podem poder pois por porém porque portanto pouca pouco poucos própria próprio "
    "quais qual qualquer quando quanto quase que quê quem são se seja sejam sem sempre sendo ser "
    "será "
    "serão seu seus si sido sim sob sobre sua suas tais tal também tampouco tanto tão te tem têm "
    "ter "
    "teu teve ti tinha tinham toda todas todavia todo todos tu tua tudo um uma umas uns vai vão "
    "várias vários vez vezes você vocês vos ";

static const char dutch[] =
    " aan aangaande aangezien achter af al aldus alle alleen alles als alsof altijd ander andere "
    "anders behalve beide ben bent bij bijna binnen boven buiten daar daarbij daardoor daarin "
    "daarna "
    "daarom daarvan dan dat de der deze die dit doch doen door dus echter een eens eerst elk elke "
    "en "
    "enige enkele er erg ervan etc ge geen geweest haar had hadden heb hebben heeft hem hen het "
    "hier "
    "hierbij hierin hij hoe hoewel hun iedere iedereen iemand iets ik in indien inzake is ja je "
    "jij "
    "jou jouw jullie kan kon konden kunnen langs later maar maken mag me meer meest men met mij "
    "mijn "
    "minder misschien moet moeten mogen na naar naast nadat net niemand niet niets noch nog nu of "
    "om "
    "omdat omtrent onder ondanks ons onze ook op over overal pas per reeds rond samen sedert sinds "
    "slechts sommige soms steeds te tegen ten tenzij ter terwijl tijdens toch toen tot totdat "
    "tussen "
    "u uit uw vaak van vanaf veel vele verder via volgens voor vooral voordat wanneer want waar "
    "waarbij waarin waarom waarvan waren was wat we weer weinig wel welk welke werd werden wie wij "
    "wil "
    "willen word worden wordt zal ze zeer zelf zelfs zich zij zijn zo zoals zodat zonder zou "
    "zouden "
    "zowel zulk zullen ";

static const char swedish[] = " all alla allt alltid alltså andra annan annat att av bara bakom "
                              "bland blev bli blir borde bort "
                              "både därefter där därför de dem den denna deras dess dessa det "
                              "detta dig din dina ditt du då efter "
                              "eftersom eller emot en endast enligt er era ert ett fast fick finns "
                              "flera flesta fler för före "
                              "först förutom från få får genom genast gör göra gjorde går hade han "
                              "hans har hela heller henne "
                              "hennes hit hon honom hos hur här i ibland icke in inför ingen inget "
                              "inga inne inom inte ja jag "
                              "ju kan kanske knappt kommer kring kunde kunna kvar lika lite man "
                              "mellan med medan men mer mera "
                              "mest mig min mina mitt mot mycket måste många möjligen ned nedan "
                              "ner nog nu nya någon något några "
                              "när nära och också ofta olika om oss på redan rätt samma samt sedan "
                              "ses sen sig sin sina sitt själv "
                              "ska skall skulle slut snart som så sådan sådana sådant till tills "
                              "trots tvärtom under upp ur ut "
                              "utan utom vad var vara varandra varför varit varje vars vart vem "
                              "vems vi vid vidare vilka vilken "
                              "vilket vill ville än ännu är åt även åter över ";

static const char danish[] =
    " ad af aldrig alle allerede alt altid altså anden andet andre at bag bare begge bl blev blive "
    "bliver blandt både da de dem den denne dens der deres derfor derved det dets dette dig din "
    "dine "
    "disse dit dog du efter ej eller ellers en end endnu er et eneste enhver fem fik fire flere "
    "flest for foran fordi forrige fra få får før først gennem gør gøre gå går godt ham han hans "
    "har "
    "havde have hele heller hen hende hendes her hos hun hvad hvem hver hvilke hvilken hvilket "
    "hvis "
    "hvor hvordan hvorfor hvornår i igen igennem ikke imod ind inden indtil ingen inget intet ja "
    "jeg "
    "jer jeres jo kan kom komme kommer kun kunne lav lige lidt man mange med mellem men mens mere "
    "mest "
    "mig min mine mit mod må måske måtte ned nej nogen noget nogle nok nu når nær næsten og også "
    "om omkring "
    "op os over på sam samme samt selv sig sin sine sit siden sidste skal skulle snart som stadig "
    "så "
    "sådan sådanne tage tager temmelig til tilbage trods ud uden under var ved vi via vil ville "
    "vor "
    "vores vore være været ";

static const char norwegian[] = " alle alt altså andre annen annet at av bak bare begge ble blei "
                                "bli blir blitt både båe da de deg "
                                "deim dei deira dem den denne der dere deres derfor dess dessverre "
                                "det dette di din disse ditt du "
                                "dykk då eg ein eit eitt eller ellers en enda enn er et ett etter "
                                "fikk flere flest for foran fordi "
                                "fra få får før først gjennom gjorde gjør gjøre går ha hadde ham "
                                "han hans har hele heller hennar henne "
                                "hennes her hit ho hos hun hva hvem hver hvilke hvilken hvis hvor "
                                "hvordan hvorfor i ikke ikkje imot "
                                "ingen ingi inkje inn innen inni ja jeg jo kan kanskje kom korleis "
                                "kun kunne kva kvar kven kvifor "
                                "lik litt man mange me med meg mellom men mens mer mest mi min "
                                "mine mitt mot mye må måtte ned nei no "
                                "noe noen nok nokon noko nokre nå når nær nesten og også om "
                                "omkring opp oss over på rundt samme samt se "
                                "seg selv si sia siden sidan sin sine sitt skal skulle slik slike "
                                "snart so som somme så sånn til "
                                "tilbake trass um under upp ut uten uansett var vart ved vel vere "
                                "verte vi via vil ville vore vors "
                                "vort være vært vår våre å ";

static const char finnish[] = " aina ainakin alla alle asti ehkä ei eikä eivät ellei emme en "
                              "enemmän ennen eniten ensin entä eri "
                              "et että ette edes esimerkiksi he heidän heille heitä hän häneen "
                              "hänelle hänen hänet häntä ilman itse "
                              "ja jo johon joiden joita joka jokainen joko jokin joku jolla jolle "
                              "jonka jonkin jos joskus jossa "
                              "josta jota jotain joten jotka jotta juuri kai kaikki kanssa kautta "
                              "kerran keskellä kesken koko koska "
                              "koskaan kuin kuinka kuitenkin kuka kun kunnes kyllä lisäksi luona "
                              "lähes läpi me meidän meille meitä "
                              "melko mikä mikäli millä milloin minkä minun minulla minut minä "
                              "minua missä mistä mitä mitään mm "
                              "mukaan mukana muu muun muut muuta muiden mutta myös myöten ne "
                              "niiden niille niin niitä noin nuo "
                              "nyt näiden näin näitä nämä ole olemme olen olet olette oli olin "
                              "olisi olit olivat olla olleet ollut "
                              "on ovat paitsi paljon pitkin pitää poikki päällä saa sama samoin se "
                              "sekä sen siellä siinä siis siitä "
                              "sille sillä silloin sinun sinä sitten sitä tai taas takana te "
                              "teidän teitä tulee tuo tuolla tämä "
                              "tämän tässä tästä tätä täällä vaan vai vaikka vain varten vasta "
                              "vielä vieressä voi voidaan voivat "
                              "yhä yli ";

static const char polish[] =
    " a aby ach ale albo ani aż bardziej bardzo bez bo bowiem by był była było były być będzie "
    "będą cała "
    "cały co czy czyli czyj da dla dlaczego dlatego do dobrze dokąd dość dwa go gdy gdyby gdyż "
    "gdzie i "
    "ich ile im inna inne innego inny innych iż ja jak jakby jaki jako je jeden jednak jednakże "
    "jego jej "
    "jemu jest jestem jeszcze jeśli jeżeli już każdy kiedy kilka kimś kto ktoś która które którego "
    "której "
    "który których którym którzy ku lub ma mają mam mi między mimo mną mnie mogą moi moja moje "
    "może można "
    "mój mu musi my na nad nam nami nas nasz nasza nasze natomiast nawet nic nich nie niech niego "
    "niej "
    "nigdy nim nimi niż no o obok od około on ona one oni ono oraz pan po pod podczas pomimo ponad "
    "ponieważ poza poprzez przed przede przez przy przynajmniej raz również sam sama są się skąd "
    "sobie "
    "sposób swoje swego swoją swym ta tak taka taki takie także tam te tego tej ten teraz też to "
    "tobie "
    "toteż totobą trzeba tu twoja twoje twój ty tych tylko tym tymi u w wam was wasz we wiele więc "
    "właśnie wobec wszyscy wszystko wszystkie wszystkich wtedy wy z za zaś zawsze ze znów że żaden "
    "żeby ";

static const char czech[] = " a aby aj ale ani ano asi až během bez bude budou by byl byla byli "
                            "bylo byly být co což či další "
                            "dále daleko do dokud dva ho i já jak jako jaká jaké jaký je jeden "
                            "jedna jedno jeho jej její jejich "
                            "jejichž jelikož jen jenom jenž ještě jestli jestliže ji jí jich jim "
                            "jimi jiné jiný již jsem jsi jsme "
                            "jsou jste k kam každý kde kdo kdy když ke kolem která které kterého "
                            "který kteří kvůli ma mají málo "
                            "má mám máme máš mě mezi mi mimo mít mně mnou moc mohou moje moji mu "
                            "musí muset můj může my na nad "
                            "nám námi nás naš naše ne nebo nechť nebyl není než nic ní nich nim "
                            "nimi někdo některé některý něco "
                            "o od on ona oni ono oproti pak po pod podle pokud pouze potom potřeba "
                            "pro proč proto protože před "
                            "přede přes přesto při s sám se si sice sobě spolu své svůj svou svých "
                            "svým ta tady tak takový také "
                            "takže tam tato tedy ten tento této ti tím tímto to toho tohoto tom "
                            "tomto tomu toto třeba tu tuto ty "
                            "tyto u už v vám vámi vás váš ve vedle více však všechen všechny "
                            "všichni vůbec vy z za zatímco zda "
                            "zde ze že ";

static const char russian[] =
    " а без более больше будет будто бы был была были было быть в вам вами вас ваш ваша ваше вдоль "
    "ведь "
    "весь во вот впрочем все всегда всего всем всех всю вся вы где да даже для до другие другой "
    "другого "
    "его ее ей ему если есть еще ещё её ж же за зачем здесь и из или им ими иногда их к каждый как "
    "какая "
    "какие какой когда которая которого которой которые который которых кроме кто куда лишь ли "
    "лучше "
    "между меня мне много мной могут может можно мой моя мы на над надо нас наш наша не него нее "
    "ней "
    "некоторые нельзя нет нибудь никогда ним них ничего но ну о об один однако одна он она они оно "
    "от "
    "очень перед по под пока после потом потому почему почти при про раз с сам свой своего своей "
    "свою "
    "своих себе себя со совсем среди так также такой такие там тебе тебя тем теперь то тогда того "
    "тоже "
    "только том тот тут ты у уж уже хотя хоть чего чей чем через что чтоб чтобы чуть эта эти этих "
    "это этого этой этом этот эту я является ";

static const struct {
    char code[4];
    const char *words;
} lists[] = {
    {"en", english},
    {"de", german},
    {"fr", french},
    {"es", spanish},
    {"it", italian},
    {"pt", portuguese},
    {"nl", dutch},
    {"sv", swedish},
    {"da", danish},
    {"nb", norwegian},
    {"nn", norwegian},
    {"no", norwegian},
    {"fi", finnish},
    {"pl", polish},
    {"cs", czech},
    {"ru", russian},
};

const char *text_stop_words(const char *code) {
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(lists[i].code, code) == 0) {
            return lists[i].words;
        }
    }
    return NULL;
}
